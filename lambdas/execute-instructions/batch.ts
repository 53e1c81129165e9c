import type { SQSRecord } from 'aws-lambda';
import { readInstructionMessage } from '../../adapters/sqs/instruction-message.ts';
import { type InstructionKey, instructionNameOf } from '../../domain/payment/instruction.ts';
import { correlationIdOf } from './sqs-record.ts';

/** One instruction with all its messages in the batch: duplicates are collapsed before anything is done. */
export interface BatchItem {
  readonly key: InstructionKey;
  /** Made of the whole key: messages that name different orders for one instruction are not duplicates. */
  readonly name: string;
  readonly records: readonly SQSRecord[];
  /** The highest cycle carried by a redriven dead letter among the messages; null if none is one. */
  readonly deadLetterCycle: number | null;
}

export interface Poison {
  readonly record: SQSRecord;
  readonly reason: string;
}

export interface Batch {
  /** The first instruction of each order. */
  readonly heads: readonly BatchItem[];
  /** The second instruction of each order: tried once the first is done. */
  readonly followers: readonly BatchItem[];
  /** Any further instructions of an order: they wait for another batch. */
  readonly rest: readonly BatchItem[];
  readonly poison: readonly Poison[];
}

/** Parses the messages and groups them by order: the first instruction of each order, then the second, then the rest. */
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
  const byOrder = [...Map.groupBy(items, ({ key }) => key.groupId).values()];
  return {
    heads: byOrder.flatMap((ofOrder) => ofOrder.slice(0, 1)),
    followers: byOrder.flatMap((ofOrder) => ofOrder.slice(1, 2)),
    rest: byOrder.flatMap((ofOrder) => ofOrder.slice(2)),
    poison,
  };
}

/** Of two dead letters for one instruction the one with the higher cycle counts: the other is a late duplicate. */
function itemOf(
  { key, name }: Pick<BatchItem, 'key' | 'name'>,
  repeats: readonly { readonly record: SQSRecord }[],
): BatchItem {
  const records = repeats.map(({ record }) => record);
  const cycles = records.flatMap((record) => readDeadLetterCycle(record) ?? []);
  return { key, name, records, deadLetterCycle: cycles.length === 0 ? null : Math.max(...cycles) };
}

/** A message attribute of every dead letter, which a redrive keeps. */
function readDeadLetterCycle(record: SQSRecord): number | null {
  const text = record.messageAttributes.cycle?.stringValue;
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : null;
}

export function itemsOf(batch: Batch): readonly BatchItem[] {
  return [...batch.heads, ...batch.followers, ...batch.rest];
}

/** The ids of the API requests that created these payments, for a log line about several items. */
export function correlationIdsOf(items: readonly BatchItem[]): readonly string[] {
  return [
    ...new Set(items.flatMap(({ records }) => records.flatMap((record) => correlationIdOf(record) ?? []))),
  ];
}
