import * as z from 'zod';
import { type ActionContext, parseInput, queueAt, queueUrl } from './action.ts';

const inputSchema = z.strictObject({
  QueueUrl: queueUrl,
  MaxResults: z.int().optional(),
  NextToken: z.string().optional(),
});

export function listDeadLetterSourceQueues(context: ActionContext, input: unknown): object {
  const { arn } = queueAt(context, parseInput(inputSchema, input).QueueUrl);
  return { queueUrls: context.engine.sourcesOf(arn).map((queue) => context.urlOf(queue.name)) };
}
