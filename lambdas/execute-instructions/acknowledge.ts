import type { SQSRecord } from 'aws-lambda';
import type { Batch } from './batch.ts';
import { sendToDeadLetterQueue } from './dead-letters.ts';
import type { ExecutorEffects } from './effects.ts';
import type { Dispositions } from './execute-round.ts';
import { groupOf, infrastructureBackoffSeconds } from './sqs-record.ts';

/** What waits behind another message of its order, or whose turn didn't come in this batch. */
const NEXT_TURN_SECONDS = 1;
/** A message's fate: undefined when it may be deleted, else the seconds until it should come again. */
type Fate = number | undefined;

/**
 * Turns dispositions into what SQS understands: dead letters are sent, what must come again is hidden until then and
 * reported as failed. Within a group everything after the first failure fails with it, as FIFO demands.
 *
 * @returns the ids of the failed messages
 */
export async function acknowledge(
  records: readonly SQSRecord[],
  batch: Batch,
  dispositions: Dispositions,
  effects: ExecutorEffects,
): Promise<readonly string[]> {
  const fates = fatesOf(batch, dispositions);
  for (const record of await sendToDeadLetterQueue(batch, dispositions, effects)) {
    fates.set(record, infrastructureBackoffSeconds([record]));
  }
  const failed = failGroupsFromFirstFailure(records, fates);
  await hide(failed, effects);
  return failed.map(({ record }) => record.messageId);
}

function fatesOf(batch: Batch, dispositions: Dispositions): Map<SQSRecord, Fate> {
  const fates = new Map<SQSRecord, Fate>();
  for (const work of [...batch.heads, ...batch.followers, ...batch.rest]) {
    const disposition = dispositions.get(work.name);
    const seconds =
      disposition === undefined
        ? NEXT_TURN_SECONDS
        : disposition.kind === 'again'
          ? disposition.seconds
          : undefined;
    for (const record of work.records) fates.set(record, seconds);
  }
  return fates;
}

interface Failed {
  readonly record: SQSRecord;
  readonly seconds: number;
}

function failGroupsFromFirstFailure(
  records: readonly SQSRecord[],
  fates: Map<SQSRecord, Fate>,
): readonly Failed[] {
  const failing = new Map<string, number>();
  return records.flatMap((record) => {
    const seconds = failing.get(groupOf(record)) ?? fates.get(record);
    if (seconds === undefined) return [];
    failing.set(groupOf(record), seconds);
    return [{ record, seconds }];
  });
}

/** Head and followers together: SQS hands out a group only up to its first invisible message (rule 9). */
async function hide(failed: readonly Failed[], effects: ExecutorEffects): Promise<void> {
  try {
    await effects.visibility.change(
      failed.map(({ record, seconds }) => ({ receiptHandle: record.receiptHandle, seconds })),
    );
  } catch (error) {
    effects.log.warn('visibility could not be changed; the queue’s own time-out holds', { error });
  }
}
