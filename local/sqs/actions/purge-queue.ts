import * as z from 'zod';
import { type ActionContext, nameOf, parseInput, queueUrl } from './action.ts';

const inputSchema = z.strictObject({ QueueUrl: queueUrl });

export function purgeQueue(context: ActionContext, input: unknown): object {
  context.engine.purgeQueue(nameOf(parseInput(inputSchema, input).QueueUrl));
  return {};
}
