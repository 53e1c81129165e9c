import * as z from 'zod';
import { SqsError } from '../errors.ts';
import { type ActionContext, nameOf, parseInput, queueUrl } from './action.ts';

const inputSchema = z.strictObject({ QueueUrl: queueUrl, AttributeNames: z.array(z.string()).optional() });

/** Known to AWS, and returned only if they are set. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'Policy',
  'RedrivePolicy',
  'RedriveAllowPolicy',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
]);

export function getQueueAttributes(context: ActionContext, input: unknown): object {
  const { QueueUrl, AttributeNames = [] } = parseInput(inputSchema, input);
  const all = attributesOf(context, nameOf(QueueUrl));
  const unknown = AttributeNames.find((name) => name !== 'All' && !(name in all) && !OPTIONAL.has(name));
  if (unknown !== undefined) throw new SqsError('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
  const chosen = Object.entries(all).filter(
    ([name]) => AttributeNames.includes('All') || AttributeNames.includes(name),
  );
  return chosen.length === 0 ? {} : { Attributes: Object.fromEntries(chosen) };
}

function attributesOf(context: ActionContext, name: string): Record<string, string> {
  const queue = context.engine.queue(name);
  const { attributes, createdAt, modifiedAt } = context.engine.describe(name);
  const { visible, inFlight } = queue.metrics();
  return {
    ...attributes,
    FifoQueue: 'true',
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: '0',
    CreatedTimestamp: inSeconds(createdAt),
    LastModifiedTimestamp: inSeconds(modifiedAt),
  };
}

function inSeconds(milliseconds: number): string {
  return String(Math.floor(milliseconds / 1000));
}
