import * as z from 'zod';
import { SqsError } from '../errors.ts';
import {
  type RedriveAllowPolicy,
  type RedrivePolicy,
  redriveAllowPolicyOf,
  redrivePolicyOf,
} from './redrive-policies.ts';

/** A queue's settings for the engine. */
export interface QueueSettings {
  readonly visibilityTimeoutSeconds: number;
  readonly retentionSeconds: number;
  readonly maximumMessageBytes: number;
  readonly waitSeconds: number;
  readonly contentBasedDeduplication: boolean;
  /** Whether deduplication applies per group or per queue. */
  readonly deduplicatesPerGroup: boolean;
  /** Whether the quota on requests applies per group (high throughput) or per queue. */
  readonly hasHighThroughput: boolean;
  readonly redrive: RedrivePolicy | undefined;
  readonly redriveAllow: RedriveAllowPolicy | undefined;
}

export type QueueAttributes = Readonly<Record<string, string>>;

/** The defaults of `CreateQueue`. */
const DEFAULTS: QueueAttributes = {
  VisibilityTimeout: '30',
  MessageRetentionPeriod: '345600',
  MaximumMessageSize: '1048576',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
  SqsManagedSseEnabled: 'true',
};

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  VisibilityTimeout: [0, 43_200],
  MessageRetentionPeriod: [60, 1_209_600],
  MaximumMessageSize: [1_024, 1_048_576],
  // A FIFO queue's delay is for the whole queue; the pipeline has none, and none is supported here.
  DelaySeconds: [0, 0],
  ReceiveMessageWaitTimeSeconds: [0, 20],
  KmsDataKeyReusePeriodSeconds: [60, 86_400],
};

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  FifoQueue: ['true'],
  ContentBasedDeduplication: ['true', 'false'],
  DeduplicationScope: ['messageGroup', 'queue'],
  FifoThroughputLimit: ['perQueue', 'perMessageGroupId'],
  SqsManagedSseEnabled: ['true', 'false'],
};

/** An empty value removes these. */
const REMOVABLE: readonly string[] = ['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId'];

const policySchema = z.looseObject({ Statement: z.union([z.looseObject({}), z.array(z.looseObject({}))]) });

/**
 * The attributes of a new queue.
 *
 * @throws SqsError for an attribute that isn't one, or whose value isn't accepted
 */
export function withDefaults(given: QueueAttributes): QueueAttributes {
  return changedAttributes(DEFAULTS, given);
}

/**
 * A queue's attributes after `SetQueueAttributes`.
 *
 * @throws SqsError for an attribute that isn't one, or whose value isn't accepted
 */
export function changedAttributes(current: QueueAttributes, given: QueueAttributes): QueueAttributes {
  const wanted = normalized(given);
  for (const [name, value] of Object.entries(wanted)) validateAttribute(name, value);
  const changed = withOneEncryption({ ...current, ...wanted }, wanted);
  assertThroughput(changed);
  return Object.fromEntries(
    Object.entries(changed).filter(([name, value]) => value !== '' || !REMOVABLE.includes(name)),
  );
}

/** AWS also accepts `True` and `False`, and returns them in lower case. */
export function normalized(given: QueueAttributes): QueueAttributes {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const isTruth = CHOICES[name]?.includes('true') === true && /^(True|False)$/.test(value);
      return [name, isTruth ? value.toLowerCase() : value];
    }),
  );
}

function validateAttribute(name: string, value: string): void {
  if (REMOVABLE.includes(name) && value === '') return;
  const range = RANGES[name];
  const choices = CHOICES[name];
  if (range !== undefined) {
    const number = Number(value);
    const isWithin = /^\d+$/.test(value) && number >= range[0] && number <= range[1];
    if (!isWithin) throw invalidValue(name, value, `an integer from ${range[0]} to ${range[1]}`);
  } else if (choices !== undefined) {
    if (!choices.includes(value)) throw invalidValue(name, value, choices.join(' or '));
  } else if (name === 'RedrivePolicy') redrivePolicyOf(value);
  else if (name === 'RedriveAllowPolicy') redriveAllowPolicyOf(value);
  else if (name === 'Policy') assertPolicy(value);
  else if (name !== 'KmsMasterKeyId') {
    throw new SqsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
  }
}

/** A policy that a client sets is stored and returned; local/iam evaluates only the templates' policies. */
function assertPolicy(value: string): void {
  try {
    policySchema.parse(JSON.parse(value));
  } catch {
    throw invalidValue('Policy', value, 'a policy document with statements, as JSON');
  }
}

/** A queue is encrypted by a KMS key or by SQS. Without a key there is no data key reuse period. */
function withOneEncryption(changed: QueueAttributes, given: QueueAttributes): QueueAttributes {
  const { KmsDataKeyReusePeriodSeconds: _period, ...others } = changed;
  if ((changed.KmsMasterKeyId ?? '') === '') return others;
  if (given.SqsManagedSseEnabled === 'true') {
    throw new SqsError(
      'InvalidAttributeName',
      'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    );
  }
  return { ...changed, SqsManagedSseEnabled: 'false' };
}

function assertThroughput({ FifoThroughputLimit, DeduplicationScope }: QueueAttributes): void {
  if (FifoThroughputLimit === 'perMessageGroupId' && DeduplicationScope !== 'messageGroup') {
    throw new SqsError(
      'InvalidAttributeValue',
      'FifoThroughputLimit perMessageGroupId is allowed only when DeduplicationScope is messageGroup.',
    );
  }
}

function invalidValue(name: string, value: string, taken: string): SqsError {
  return new SqsError(
    'InvalidAttributeValue',
    `Invalid value ${value} for the parameter ${name}. Reason: Must be ${taken}.`,
  );
}

export function settingsOf(attributes: QueueAttributes): QueueSettings {
  return {
    visibilityTimeoutSeconds: Number(attributes.VisibilityTimeout),
    retentionSeconds: Number(attributes.MessageRetentionPeriod),
    maximumMessageBytes: Number(attributes.MaximumMessageSize),
    waitSeconds: Number(attributes.ReceiveMessageWaitTimeSeconds),
    contentBasedDeduplication: attributes.ContentBasedDeduplication === 'true',
    deduplicatesPerGroup: attributes.DeduplicationScope === 'messageGroup',
    hasHighThroughput: attributes.FifoThroughputLimit === 'perMessageGroupId',
    redrive: redrivePolicyOf(attributes.RedrivePolicy),
    redriveAllow: redriveAllowPolicyOf(attributes.RedriveAllowPolicy),
  };
}
