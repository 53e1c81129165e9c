import type { SQSRecord } from 'aws-lambda';
import { consumedKeyOf } from '../../domain/payment/instruction.ts';
import { acknowledge } from './acknowledge.ts';
import { type Batch, correlationIdsOf, readBatch, type Work } from './batch.ts';
import type { ExecutorEffects, Invocation } from './effects.ts';
import { type Dispositions, executeRound } from './execute-round.ts';
import { infrastructureBackoffSeconds } from './sqs-record.ts';

/**
 * Executes a batch of instructions: consumed? → claim → ask or call the PSP → record → consume → acknowledge.
 * A constant number of requests per batch, whatever it holds.
 *
 * @returns the ids of the messages that must come again
 */
export async function executeBatch(
  records: readonly SQSRecord[],
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<readonly string[]> {
  effects.meter.put('BatchFill', records.length);
  const batch = readBatch(records);
  const dispositions = await findConsumed(batch, effects);
  const unconsumed = (work: Work) => !dispositions.has(work.name);

  merge(dispositions, await executeRound(batch.heads.filter(unconsumed), effects, invocation));
  const free = batch.followers.filter((work) => unconsumed(work) && isHeadDone(work, batch, dispositions));
  merge(dispositions, await executeRound(free, effects, invocation));

  await consume(batch, dispositions, effects);
  return acknowledge(records, batch, dispositions, effects);
}

/** The record spares the database; it is not the truth. Where it can't be read, the claim will tell. */
async function findConsumed(batch: Batch, effects: ExecutorEffects): Promise<Dispositions> {
  const dispositions: Dispositions = new Map();
  const works = worksOf(batch);
  try {
    const found = await effects.consumed.find(
      works.map((work) => consumedKeyOf(work.key, effects.restoreEpoch)),
    );
    if (found.size > 0) effects.meter.put('ConsumedRecordHits', found.size);
    for (const work of works) {
      if (!found.has(consumedKeyOf(work.key, effects.restoreEpoch))) continue;
      dispositions.set(work.name, { kind: 'acknowledge' });
    }
  } catch (error) {
    effects.meter.put('ConsumedRecordsFailed', 1);
    effects.log.warn('consumed messages could not be read', {
      error,
      correlation_ids: correlationIdsOf(works),
    });
  }
  return dispositions;
}

function isHeadDone(follower: Work, batch: Batch, dispositions: Dispositions): boolean {
  const head = batch.heads.find((work) => work.key.paymentOrderId === follower.key.paymentOrderId);
  const disposition = head === undefined ? undefined : dispositions.get(head.name);
  // Poison is no instruction of the order, whatever it says.
  return disposition !== undefined && ['consume', 'acknowledge', 'poison'].includes(disposition.kind);
}

/** Only what the database says is terminal, and before it is acknowledged; what can't be written comes again (rule 8). */
async function consume(batch: Batch, dispositions: Dispositions, effects: ExecutorEffects): Promise<void> {
  const terminal = worksOf(batch).filter((work) => dispositions.get(work.name)?.kind === 'consume');
  if (terminal.length === 0) return;
  const keyOf = (work: Work) => consumedKeyOf(work.key, effects.restoreEpoch);
  const unprocessed = await recordConsumed(terminal, keyOf, effects);
  for (const work of terminal) {
    if (unprocessed.has(keyOf(work)))
      dispositions.set(work.name, { kind: 'again', seconds: infrastructureBackoffSeconds(work.records) });
  }
}

async function recordConsumed(
  terminal: readonly Work[],
  keyOf: (work: Work) => string,
  effects: ExecutorEffects,
): Promise<ReadonlySet<string>> {
  const keys = terminal.map(keyOf);
  try {
    return await effects.consumed.record(keys);
  } catch (error) {
    effects.meter.put('ConsumedRecordsFailed', 1);
    effects.log.warn('consumed messages could not be recorded', {
      error,
      correlation_ids: correlationIdsOf(terminal),
    });
    return new Set(keys);
  }
}

function worksOf(batch: Batch): readonly Work[] {
  return [...batch.heads, ...batch.followers, ...batch.rest];
}

function merge(into: Dispositions, from: Dispositions): void {
  for (const [name, disposition] of from) into.set(name, disposition);
}
