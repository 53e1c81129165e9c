import * as z from 'zod';
import { type ActionContext, nameOf, parseInput, queueUrl } from './action.ts';

const tagSchema = z.strictObject({ QueueUrl: queueUrl, Tags: z.record(z.string(), z.string()) });
const untagSchema = z.strictObject({ QueueUrl: queueUrl, TagKeys: z.array(z.string()) });
const listSchema = z.strictObject({ QueueUrl: queueUrl });

export function tagQueue(context: ActionContext, input: unknown): object {
  const { QueueUrl, Tags } = parseInput(tagSchema, input);
  const name = nameOf(QueueUrl);
  context.engine.setTags(name, { ...context.engine.describe(name).tags, ...Tags });
  return {};
}

export function untagQueue(context: ActionContext, input: unknown): object {
  const { QueueUrl, TagKeys } = parseInput(untagSchema, input);
  const name = nameOf(QueueUrl);
  const kept = Object.entries(context.engine.describe(name).tags).filter(([key]) => !TagKeys.includes(key));
  context.engine.setTags(name, Object.fromEntries(kept));
  return {};
}

export function listQueueTags(context: ActionContext, input: unknown): object {
  const { tags } = context.engine.describe(nameOf(parseInput(listSchema, input).QueueUrl));
  return Object.keys(tags).length === 0 ? {} : { Tags: tags };
}
