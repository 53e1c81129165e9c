import * as z from 'zod';
import { type ActionContext, parseInput } from './action.ts';

const strings = z.record(z.string(), z.string());
const inputSchema = z.strictObject({
  QueueName: z.string(),
  Attributes: strings.optional(),
  tags: strings.optional(),
});

export function createQueue(context: ActionContext, input: unknown): object {
  const { QueueName, Attributes = {}, tags = {} } = parseInput(inputSchema, input);
  return { QueueUrl: context.urlOf(context.engine.createQueue(QueueName, Attributes, tags).name) };
}
