import * as z from 'zod';
import { type ActionContext, parseInput, queueAt, queueUrl } from './action.ts';

export const visibilityTimeout = z.int().min(0).max(43_200);

const inputSchema = z.strictObject({
  QueueUrl: queueUrl,
  ReceiptHandle: z.string(),
  VisibilityTimeout: visibilityTimeout,
});

export function changeMessageVisibility(context: ActionContext, input: unknown): object {
  const { QueueUrl, ReceiptHandle, VisibilityTimeout } = parseInput(inputSchema, input);
  queueAt(context, QueueUrl).changeVisibility(ReceiptHandle, VisibilityTimeout);
  return {};
}
