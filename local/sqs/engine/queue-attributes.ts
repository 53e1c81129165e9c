import * as z from 'zod';
import { SqsError } from '../errors.ts';

/** A queue's settings as the engine uses them. */
export interface QueueSettings {
  readonly visibilityTimeoutSeconds: number;
  readonly retentionSeconds: number;
  readonly maximumMessageBytes: number;
  readonly waitSeconds: number;
  readonly contentBasedDeduplication: boolean;
  /** Whether deduplication counts per group or per queue. */
  readonly deduplicatesPerGroup: boolean;
  readonly redrive: { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number } | undefined;
}

/** What `CreateQueue` sets where the caller doesn't. */
const DEFAULTS: Readonly<Record<string, string>> = {
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
  // A FIFO queue's delay is for the whole queue; the pipeline has none, and none is done here.
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

/** Kept and given back; without effect where nothing is encrypted and everyone is trusted. */
const INERT: ReadonlySet<string> = new Set(['Policy', 'KmsMasterKeyId', 'RedriveAllowPolicy']);

const redriveSchema = z.object({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number().int().min(1).max(1_000),
});

/** @throws SqsError for an attribute that isn't one, or whose value isn't taken */
export function validateAttributes(attributes: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(attributes)) validateAttribute(name, value);
  if (
    attributes.FifoThroughputLimit === 'perMessageGroupId' &&
    attributes.DeduplicationScope !== 'messageGroup'
  ) {
    throw new SqsError(
      'InvalidAttributeValue',
      'FifoThroughputLimit perMessageGroupId is allowed only when DeduplicationScope is messageGroup.',
    );
  }
}

function validateAttribute(name: string, value: string): void {
  const range = RANGES[name];
  const choices = CHOICES[name];
  if (range !== undefined) {
    const number = Number(value);
    const isWithin = /^\d+$/.test(value) && number >= range[0] && number <= range[1];
    if (!isWithin) throw invalidValue(name, value, `an integer from ${range[0]} to ${range[1]}`);
  } else if (choices !== undefined) {
    if (!choices.includes(value)) throw invalidValue(name, value, choices.join(' or '));
  } else if (name === 'RedrivePolicy') {
    redriveOf(value);
  } else if (!INERT.has(name)) {
    throw new SqsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
  }
}

function invalidValue(name: string, value: string, taken: string): SqsError {
  return new SqsError(
    'InvalidAttributeValue',
    `Invalid value ${value} for the parameter ${name}. Reason: Must be ${taken}.`,
  );
}

function redriveOf(text: string | undefined): QueueSettings['redrive'] {
  if (text === undefined || text === '') return undefined;
  try {
    return redriveSchema.parse(JSON.parse(text));
  } catch {
    throw new SqsError(
      'InvalidParameterValue',
      `Value ${text} for parameter RedrivePolicy is invalid. Reason: It takes deadLetterTargetArn and maxReceiveCount.`,
    );
  }
}

export function withDefaults(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { ...DEFAULTS, ...attributes };
}

export function settingsOf(attributes: Readonly<Record<string, string>>): QueueSettings {
  return {
    visibilityTimeoutSeconds: Number(attributes.VisibilityTimeout),
    retentionSeconds: Number(attributes.MessageRetentionPeriod),
    maximumMessageBytes: Number(attributes.MaximumMessageSize),
    waitSeconds: Number(attributes.ReceiveMessageWaitTimeSeconds),
    contentBasedDeduplication: attributes.ContentBasedDeduplication === 'true',
    deduplicatesPerGroup: attributes.DeduplicationScope === 'messageGroup',
    redrive: redriveOf(attributes.RedrivePolicy),
  };
}
