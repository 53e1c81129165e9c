import * as z from 'zod';
import { type ActionContext, parseInput, queueAt, queueUrl } from './action.ts';

const inputSchema = z.strictObject({ QueueUrl: queueUrl, ReceiptHandle: z.string() });

export function deleteMessage(context: ActionContext, input: unknown): object {
  const { QueueUrl, ReceiptHandle } = parseInput(inputSchema, input);
  queueAt(context, QueueUrl).delete(ReceiptHandle);
  return {};
}
