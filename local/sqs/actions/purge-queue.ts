import * as z from 'zod';
import { type ActionContext, parseInput, queueAt, queueUrl } from './action.ts';

const inputSchema = z.strictObject({ QueueUrl: queueUrl });

export function purgeQueue(context: ActionContext, input: unknown): object {
  queueAt(context, parseInput(inputSchema, input).QueueUrl).purge();
  return {};
}
