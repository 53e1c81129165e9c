import * as z from 'zod';
import type { FifoQueue } from '../engine/fifo-queue.ts';
import type { SqsEngine } from '../engine/sqs-engine.ts';
import { invalidParameter, SqsError } from '../errors.ts';

/** The parts that an action uses. */
export interface ActionContext {
  readonly engine: SqsEngine;
  /** The URL of the queue with this name. */
  urlOf(name: string): string;
  /** The caller's access key id. */
  readonly caller: string;
  /** The request's trace, `Root=…`; undefined if it isn't traced. */
  readonly traceHeader: string | undefined;
  /** Aborts when the client hangs up or the service stops. */
  readonly signal: AbortSignal;
}

export type Action = (context: ActionContext, input: unknown) => object | Promise<object>;

/** @throws SqsError MissingParameter or InvalidParameterValue naming the parameter */
export function parseInput<Output>(schema: z.ZodType<Output>, input: unknown): Output {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.') ?? '';
  if (issue?.code === 'invalid_type' && issue.input === undefined) {
    throw new SqsError('MissingParameter', `The request must contain the parameter ${path}.`);
  }
  if (issue?.code === 'unrecognized_keys') {
    throw new SqsError(
      'UnsupportedOperation',
      `The parameter ${issue.keys.join(', ')} is not supported here.`,
    );
  }
  throw invalidParameter(`Value for parameter ${path} is invalid. Reason: ${issue?.message}.`);
}

/** Finds the queue by the last part of the URL: host and port may be those of an earlier start. */
export function queueAt(context: ActionContext, queueUrl: string): FifoQueue {
  return context.engine.queue(nameOf(queueUrl));
}

export function nameOf(queueUrl: string): string {
  return queueUrl.split('/').at(-1) ?? '';
}

const BATCH_LIMIT = 10;
const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

/** @throws SqsError for errors that refuse a whole batch on AWS */
export function assertBatch(entries: readonly { readonly Id: string }[]): void {
  if (entries.length === 0) {
    throw new SqsError('EmptyBatchRequest', 'There should be at least one entry in the request.');
  }
  if (entries.length > BATCH_LIMIT) {
    throw new SqsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${BATCH_LIMIT}. You have sent ${entries.length}.`,
    );
  }
  const bad = entries.find((entry) => !ENTRY_ID.test(entry.Id));
  if (bad !== undefined) {
    throw new SqsError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    );
  }
  if (new Set(entries.map((entry) => entry.Id)).size < entries.length) {
    throw new SqsError(
      'BatchEntryIdsNotDistinct',
      'Two or more batch entries in the request have the same Id.',
    );
  }
}

/** Runs each entry separately; the answer, a 200, lists failures and successes. */
export function runBatch<Entry extends { readonly Id: string }>(
  entries: readonly Entry[],
  run: (entry: Entry) => object,
): object {
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof SqsError)) throw error;
      Failed.push({ Id: entry.Id, SenderFault: true, Code: error.queryCode, Message: error.message });
    }
  }
  return { Successful, ...(Failed.length === 0 ? {} : { Failed }) };
}

export const queueUrl = z.string();
