import type { SQSRecord } from 'aws-lambda';
import { readInstructionMessage } from '../../adapters/sqs/instruction-message.ts';
import { type InstructionKey, instructionNameOf } from '../../domain/payment/instruction.ts';
import { correlationIdOf } from './sqs-record.ts';

/** One instruction of the batch with every message that asks for it: repeats are collapsed before anything is done. */
export interface Work {
  readonly key: InstructionKey;
  /** By all of its key: messages that name different orders for one instruction are not repeats of each other. */
  readonly name: string;
  readonly records: readonly SQSRecord[];
  /** The newest cycle that a redriven dead letter carries; null where none of the messages is one. */
  readonly deadLetterCycle: number | null;
}

export interface Poison {
  readonly record: SQSRecord;
  readonly reason: string;
}

export interface Batch {
  /** The first instruction of each order. */
  readonly heads: readonly Work[];
  /** The second of each order: tried once its head is terminal. Later ones wait for another batch. */
  readonly followers: readonly Work[];
  readonly rest: readonly Work[];
  readonly poison: readonly Poison[];
}

/** Parses the batch and orders it: heads first, followers of one order in a second round. */
export function readBatch(records: readonly SQSRecord[]): Batch {
  const works = new Map<string, Work & { records: SQSRecord[]; deadLetterCycle: number | null }>();
  const poison: Poison[] = [];
  for (const record of records) {
    const message = readInstructionMessage(record.body);
    if ('reason' in message) {
      poison.push({ record, reason: message.reason });
      continue;
    }
    const name = instructionNameOf(message.key);
    const known = works.get(name);
    const deadLetterCycle = readDeadLetterCycle(record);
    if (known === undefined) {
      works.set(name, { key: message.key, name, records: [record], deadLetterCycle });
    } else {
      known.records.push(record);
      known.deadLetterCycle = newerCycle(known.deadLetterCycle, deadLetterCycle);
    }
  }
  return { ...inRounds([...works.values()]), poison };
}

/** Of two dead letters for one instruction the newer counts: an older one is a duplicate of a trip that is over. */
function newerCycle(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

/** Sent along with every dead letter, and kept by a redrive. */
function readDeadLetterCycle(record: SQSRecord): number | null {
  const text = record.messageAttributes.cycle?.stringValue;
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : null;
}

function inRounds(works: readonly Work[]): Omit<Batch, 'poison'> {
  const rounds: { heads: Work[]; followers: Work[]; rest: Work[] } = { heads: [], followers: [], rest: [] };
  const seen = new Map<string, number>();
  for (const work of works) {
    const place = seen.get(work.key.paymentOrderId) ?? 0;
    seen.set(work.key.paymentOrderId, place + 1);
    if (place === 0) rounds.heads.push(work);
    else if (place === 1) rounds.followers.push(work);
    else rounds.rest.push(work);
  }
  return rounds;
}

/** Of the API requests behind them, for a log line that concerns several. */
export function correlationIdsOf(works: readonly Work[]): readonly string[] {
  return [
    ...new Set(works.flatMap(({ records }) => records.flatMap((record) => correlationIdOf(record) ?? []))),
  ];
}
