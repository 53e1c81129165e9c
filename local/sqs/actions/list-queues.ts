import * as z from 'zod';
import { type ActionContext, parseInput } from './action.ts';

const inputSchema = z.strictObject({
  QueueNamePrefix: z.string().optional(),
  MaxResults: z.int().min(1).max(1_000).optional(),
  NextToken: z.string().optional(),
});

/** The token is the last name of the previous page. */
export function listQueues(context: ActionContext, input: unknown): object {
  const { QueueNamePrefix = '', MaxResults, NextToken = '' } = parseInput(inputSchema, input);
  const names = context.engine.names().filter((name) => name.startsWith(QueueNamePrefix) && name > NextToken);
  const page = names.slice(0, MaxResults ?? 1_000);
  const next = names.length > page.length && MaxResults !== undefined ? { NextToken: page.at(-1) } : {};
  return { QueueUrls: page.map((name) => context.urlOf(name)), ...next };
}
