import * as z from 'zod';
import { type ActionContext, nameOf, parseInput, queueUrl } from './action.ts';

const inputSchema = z.strictObject({ QueueUrl: queueUrl });

export function deleteQueue(context: ActionContext, input: unknown): object {
  context.engine.deleteQueue(nameOf(parseInput(inputSchema, input).QueueUrl));
  return {};
}
