import type { SQSRecord } from 'aws-lambda';
import { readInstructionMessage } from '../../adapters/sqs/instruction-message.ts';
import { type InstructionKey, instructionNameOf } from '../../domain/payment/instruction.ts';
import { correlationIdOf } from './sqs-record.ts';

/** One instruction of the batch with every message that asks for it: repeats are collapsed before anything is done. */
export interface BatchItem {
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
  readonly heads: readonly BatchItem[];
  /** The second of each order: tried once its head is terminal. Later ones wait for another batch. */
  readonly followers: readonly BatchItem[];
  readonly rest: readonly BatchItem[];
  readonly poison: readonly Poison[];
}

/** Parses the batch and orders it: heads first, followers of one order in a second round. */
export function readBatch(records: readonly SQSRecord[]): Batch {
  const read = records.map((record) => ({ record, message: readInstructionMessage(record.body) }));
  const poison = read.flatMap(({ record, message }) =>
    'reason' in message ? [{ record, reason: message.reason }] : [],
  );
  const named = read.flatMap(({ record, message }) =>
    'key' in message ? [{ record, key: message.key, name: instructionNameOf(message.key) }] : [],
  );
  const items = [...Map.groupBy(named, ({ name }) => name).values()].flatMap((repeats) => {
    const [first] = repeats;
    return first === undefined ? [] : [itemOf(first, repeats)];
  });
  const byOrder = [...Map.groupBy(items, ({ key }) => key.paymentOrderId).values()];
  return {
    heads: byOrder.flatMap((ofOrder) => ofOrder.slice(0, 1)),
    followers: byOrder.flatMap((ofOrder) => ofOrder.slice(1, 2)),
    rest: byOrder.flatMap((ofOrder) => ofOrder.slice(2)),
    poison,
  };
}

/** Of two dead letters for one instruction the newer counts: an older one is a duplicate of a trip that is over. */
function itemOf(
  { key, name }: Pick<BatchItem, 'key' | 'name'>,
  repeats: readonly { readonly record: SQSRecord }[],
): BatchItem {
  const records = repeats.map(({ record }) => record);
  const cycles = records.flatMap((record) => readDeadLetterCycle(record) ?? []);
  return { key, name, records, deadLetterCycle: cycles.length === 0 ? null : Math.max(...cycles) };
}

/** Sent along with every dead letter, and kept by a redrive. */
function readDeadLetterCycle(record: SQSRecord): number | null {
  const text = record.messageAttributes.cycle?.stringValue;
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : null;
}

export function itemsOf(batch: Batch): readonly BatchItem[] {
  return [...batch.heads, ...batch.followers, ...batch.rest];
}

/** Of the API requests behind them, for a log line that concerns several. */
export function correlationIdsOf(items: readonly BatchItem[]): readonly string[] {
  return [
    ...new Set(items.flatMap(({ records }) => records.flatMap((record) => correlationIdOf(record) ?? []))),
  ];
}
