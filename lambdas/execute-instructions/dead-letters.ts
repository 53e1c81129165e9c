import type { SQSRecord } from 'aws-lambda';
import {
  type PoisonVerdict,
  poisonIdOf,
  registerPoison,
} from '../../adapters/database/statements/register-poison.ts';
import type { DeadLetter } from '../../adapters/sqs/dead-letter-sender.ts';
import type { Batch, Poison } from './batch.ts';
import type { ExecutorEffects } from './effects.ts';
import type { Dispositions } from './execute-round.ts';
import { correlationIdOf, groupOf } from './sqs-record.ts';

interface Burial {
  readonly records: readonly SQSRecord[];
  readonly deadLetter: DeadLetter;
}

/**
 * Sends to the dead-letter queue what no retry helps for now. A message leaves the main queue only once the other has
 * it, or the database has quarantined it.
 *
 * @returns the records that could not be buried and must come again
 */
export async function sendToDeadLetterQueue(
  batch: Batch,
  dispositions: Dispositions,
  effects: ExecutorEffects,
): Promise<readonly SQSRecord[]> {
  const poison = [...batch.poison, ...missing(batch, dispositions)];
  const verdicts = await register(poison, effects);
  if (verdicts === undefined) {
    const unregistered = await send(exhausted(batch, dispositions), effects);
    return [...poison.map(({ record }) => record), ...unregistered];
  }
  const burials = poison.filter(({ record }) => verdicts.get(poisonIdOf(record.body)) !== 'quarantined');
  return send([...burials.map(poisonBurial), ...exhausted(batch, dispositions)], effects);
}

/** @returns undefined when the database could not be reached */
async function register(
  poison: readonly Poison[],
  effects: ExecutorEffects,
): Promise<ReadonlyMap<string, PoisonVerdict> | undefined> {
  const verdicts = new Map<string, PoisonVerdict>();
  try {
    for (const part of inParts(poison)) {
      const messages = part.map(({ record, reason }) => ({
        body: record.body,
        messageId: record.messageId,
        reason,
      }));
      for (const [id, verdict] of await registerPoison(effects.database, messages)) verdicts.set(id, verdict);
    }
    return verdicts;
  } catch (error) {
    effects.log.warn('poison could not be registered', { error, messages: poison.length });
    return undefined;
  }
}

/** The Data API takes 4 MiB; base64 adds a third to a body, and bodies have 1 MiB at most. */
const PART_LIMIT_BYTES = 2 * 1024 * 1024;

function inParts(poison: readonly Poison[]): readonly (readonly Poison[])[] {
  const parts: Poison[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const each of poison) {
    const size = Buffer.byteLength(each.record.body);
    bytes += size;
    if (bytes > PART_LIMIT_BYTES) {
      parts.push([]);
      bytes = size;
    }
    parts.at(-1)?.push(each);
  }
  return parts;
}

/** A well-formed message of an instruction that does not exist is poison too. */
function missing(batch: Batch, dispositions: Dispositions): readonly Poison[] {
  return [...batch.heads, ...batch.followers].flatMap((work) => {
    const disposition = dispositions.get(work.name);
    if (disposition?.kind !== 'poison') return [];
    return work.records.map((record) => ({ record, reason: disposition.reason }));
  });
}

function poisonBurial({ record, reason }: Poison): Burial {
  const deadLetter = {
    body: record.body,
    groupId: groupOf(record),
    reason,
    deduplicationId: poisonIdOf(record.body).slice('sha256:'.length),
    cycle: null,
    correlationId: correlationIdOf(record),
  };
  return { records: [record], deadLetter };
}

/** One dead letter per instruction and cycle, however many messages asked for it. */
function exhausted(batch: Batch, dispositions: Dispositions): readonly Burial[] {
  return [...batch.heads, ...batch.followers].flatMap((work) => {
    const disposition = dispositions.get(work.name);
    const [first] = work.records;
    if (disposition?.kind !== 'dead_letter' || first === undefined) return [];
    const { reason, cycle } = disposition;
    const deadLetter = {
      body: first.body,
      groupId: groupOf(first),
      reason,
      deduplicationId: `${work.key.instructionId}#${cycle}`,
      cycle,
      correlationId: correlationIdOf(first),
    };
    return [{ records: work.records, deadLetter }];
  });
}

async function send(burials: readonly Burial[], effects: ExecutorEffects): Promise<readonly SQSRecord[]> {
  if (burials.length === 0) return [];
  const refused = await sendDeadLetters(
    burials.map(({ deadLetter }) => deadLetter),
    effects,
  );
  const buried = burials.length - refused.size;
  if (buried > 0) effects.meter.put('InstructionsBuried', buried);
  return burials.flatMap(({ records }, index) => (refused.has(index) ? records : []));
}

async function sendDeadLetters(
  deadLetters: readonly DeadLetter[],
  effects: ExecutorEffects,
): Promise<ReadonlySet<number>> {
  try {
    return await effects.deadLetters.send(deadLetters);
  } catch (error) {
    effects.log.warn('dead letters could not be sent', {
      error,
      correlation_ids: deadLetters.flatMap(({ correlationId }) => correlationId ?? []),
    });
    return new Set(deadLetters.keys());
  }
}
