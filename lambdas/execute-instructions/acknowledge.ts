import type { SQSRecord } from 'aws-lambda';
import { type Batch, itemsOf } from './batch.ts';
import { sendToDeadLetterQueue } from './dead-letters.ts';
import type { Dispositions } from './dispositions.ts';
import type { ExecutorEffects, Invocation } from './effects.ts';
import { groupOf, infrastructureBackoffSeconds } from './sqs-record.ts';

/** For a message behind another message of its order, or one that this batch did not get to. */
const NEXT_TURN_SECONDS = 1;

interface Failed {
  readonly record: SQSRecord;
  /** How long SQS hides it before it delivers it again. */
  readonly seconds: number;
}

/**
 * Turns dispositions into SQS calls: dead letters are sent; messages to retry are hidden and reported as failed. Within a
 * message group, every message after the first failed one fails too, as FIFO requires.
 *
 * @returns the ids of the failed messages
 */
export async function acknowledge(
  records: readonly SQSRecord[],
  batch: Batch,
  dispositions: Dispositions,
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<readonly string[]> {
  const unsent = await sendToDeadLetterQueue(batch, dispositions, effects, invocation);
  const waits = new Map([
    ...waitsOf(batch, dispositions),
    ...unsent.map((record) => [record, infrastructureBackoffSeconds([record])] as const),
  ]);
  const failed = failGroupsFromFirstFailure(records, waits);
  await hide(failed, effects);
  return failed.map(({ record }) => record.messageId);
}

/** For each message to retry, in how many seconds. */
function waitsOf(batch: Batch, dispositions: Dispositions): readonly (readonly [SQSRecord, number])[] {
  return itemsOf(batch).flatMap(({ name, records }) => {
    const disposition = dispositions.get(name) ?? { kind: 'again', seconds: NEXT_TURN_SECONDS };
    if (disposition.kind !== 'again') return [];
    return records.map((record) => [record, disposition.seconds] as const);
  });
}

function failGroupsFromFirstFailure(
  records: readonly SQSRecord[],
  waits: ReadonlyMap<SQSRecord, number>,
): readonly Failed[] {
  const failing = new Map<string, number>();
  return records.flatMap((record) => {
    const seconds = failing.get(groupOf(record)) ?? waits.get(record);
    if (seconds === undefined) return [];
    failing.set(groupOf(record), seconds);
    return [{ record, seconds }];
  });
}

/** Hides the whole rest of a group: SQS delivers a group only up to its first invisible message (rule 9). */
async function hide(failed: readonly Failed[], effects: ExecutorEffects): Promise<void> {
  try {
    await effects.visibility.change(
      failed.map(({ record, seconds }) => ({ receiptHandle: record.receiptHandle, seconds })),
    );
  } catch (error) {
    effects.log.warn('visibility could not be changed; the queue’s own visibility time-out applies', {
      error,
    });
  }
}
