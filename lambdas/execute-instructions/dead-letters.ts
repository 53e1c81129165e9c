import type { SQSRecord } from 'aws-lambda';
import {
  POISON_LIMIT_BYTES,
  poisonIdOf,
  registerPoison,
} from '../../adapters/database/statements/register-poison.ts';
import { inParts } from '../../adapters/in-parts.ts';
import type { DeadLetter } from '../../adapters/sqs/dead-letter-sender.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import { type Batch, itemsOf, type Poison } from './batch.ts';
import type { Dispositions } from './dispositions.ts';
import type { ExecutorEffects, Invocation } from './effects.ts';
import { correlationIdOf, groupOf } from './sqs-record.ts';

/** A dead letter, and the messages to delete from the main queue once it is sent. */
interface Outgoing {
  readonly records: readonly SQSRecord[];
  readonly deadLetter: DeadLetter;
}

/**
 * Sends dead letters to the dead-letter queue. A message leaves the main queue only after the dead-letter queue has
 * accepted it or the database has quarantined it.
 *
 * @returns the messages for which neither happened, which must be delivered again
 */
export async function sendToDeadLetterQueue(
  batch: Batch,
  dispositions: Dispositions,
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<readonly SQSRecord[]> {
  const poison = [...batch.poison, ...unclaimable(batch, dispositions)];
  const { registered, unregistered } = await register(poison, effects, invocation);
  const unsent = await send([...registered, ...ended(batch, dispositions)], effects, invocation);
  return [...unregistered, ...unsent];
}

/** A well-formed message that names no existing instruction is poison too. */
function unclaimable(batch: Batch, dispositions: Dispositions): readonly Poison[] {
  return itemsOf(batch).flatMap(({ name, records }) => {
    const disposition = dispositions.get(name);
    if (disposition?.kind !== 'poison') return [];
    return records.map((record) => ({ record, reason: disposition.reason }));
  });
}

/** Stores poison bodies in the database, which quarantines a body it has seen before. If that fails, SQS delivers them again. */
async function register(
  poison: readonly Poison[],
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<{ readonly registered: readonly Outgoing[]; readonly unregistered: readonly SQSRecord[] }> {
  const registered: Outgoing[] = [];
  const unregistered: SQSRecord[] = [];
  for (const part of inParts(poison, ({ record }) => Buffer.byteLength(record.body), POISON_LIMIT_BYTES)) {
    const messages = part.map(({ record: { body, messageId }, reason }) => ({ body, messageId, reason }));
    try {
      if (!hasTimeFor(TIMING.statementDeadlineSeconds, invocation))
        throw new Error('too little time is left');
      const verdicts = await registerPoison(effects.database, messages);
      const sendable = part.filter(({ record }) => verdicts.get(poisonIdOf(record.body)) !== 'quarantined');
      registered.push(...sendable.map(poisonOutgoing));
    } catch (error) {
      effects.log.warn('poison could not be registered', { error, messages: part.length });
      unregistered.push(...part.map(({ record }) => record));
    }
  }
  return { registered, unregistered };
}

function poisonOutgoing({ record, reason }: Poison): Outgoing {
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

/** One dead letter per instruction and cycle, however many messages name the instruction. */
function ended(batch: Batch, dispositions: Dispositions): readonly Outgoing[] {
  return itemsOf(batch).flatMap(({ name, key, records }) => {
    const disposition = dispositions.get(name);
    const [first] = records;
    if (disposition?.kind !== 'dead_letter' || first === undefined) return [];
    const { reason, cycle } = disposition;
    const deadLetter = {
      body: first.body,
      groupId: groupOf(first),
      reason,
      deduplicationId: `${key.instructionId}#${cycle}`,
      cycle,
      correlationId: correlationIdOf(first),
    };
    return [{ records, deadLetter }];
  });
}

/** @returns the messages whose dead letters were not sent */
async function send(
  outgoing: readonly Outgoing[],
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<readonly SQSRecord[]> {
  if (outgoing.length === 0) return [];
  const refused = await refusedOf(
    outgoing.map(({ deadLetter }) => deadLetter),
    effects,
    invocation,
  );
  const sent = outgoing.length - refused.size;
  if (sent > 0) effects.meter.put('InstructionsDeadLettered', sent);
  return outgoing.flatMap(({ records }, index) => (refused.has(index) ? records : []));
}

async function refusedOf(
  deadLetters: readonly DeadLetter[],
  effects: ExecutorEffects,
  invocation: Invocation,
): Promise<ReadonlySet<number>> {
  try {
    return await effects.deadLetters.send(deadLetters, () => hasTimeFor(0, invocation));
  } catch (error) {
    effects.log.warn('dead letters could not be sent', {
      error,
      correlation_ids: deadLetters.flatMap(({ correlationId }) => correlationId ?? []),
    });
    return new Set(deadLetters.keys());
  }
}

/** Time for `seconds`, then for sending a dead letter and hiding messages. Large poison can take many requests. */
function hasTimeFor(seconds: number, invocation: Invocation): boolean {
  const needed = seconds + 2 * TIMING.requestDeadlineSeconds;
  return invocation.remainingMilliseconds() >= needed * 1_000;
}
