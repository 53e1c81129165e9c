import * as z from 'zod';
import { type ActionContext, nameOf, parseInput, queueUrl } from './action.ts';

const inputSchema = z.strictObject({ QueueUrl: queueUrl, Attributes: z.record(z.string(), z.string()) });

export function setQueueAttributes(context: ActionContext, input: unknown): object {
  const { QueueUrl, Attributes } = parseInput(inputSchema, input);
  context.engine.setAttributes(nameOf(QueueUrl), Attributes);
  return {};
}
