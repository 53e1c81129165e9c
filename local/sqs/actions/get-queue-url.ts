import * as z from 'zod';
import { type ActionContext, parseInput } from './action.ts';

const inputSchema = z.strictObject({ QueueName: z.string(), QueueOwnerAWSAccountId: z.string().optional() });

export function getQueueUrl(context: ActionContext, input: unknown): object {
  const { QueueName } = parseInput(inputSchema, input);
  return { QueueUrl: context.urlOf(context.engine.queue(QueueName).name) };
}
