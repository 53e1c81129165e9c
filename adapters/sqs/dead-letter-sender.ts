import { type MessageAttributeValue, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { inRequestTime } from '../bounded-client.ts';
import { inParts } from '../in-parts.ts';
import { CORRELATION_ATTRIBUTE } from './instruction-queue.ts';

/** A message for the dead-letter queue, with the reason for a person. */
export interface DeadLetter {
  readonly body: string;
  readonly groupId: string;
  readonly reason: string;
  /** SQS drops a duplicate with the same id within five minutes. */
  readonly deduplicationId: string;
  /** The cycle, from 0; null for poison, which has none. */
  readonly cycle: number | null;
  /** The correlation id of the message; null if it had none. */
  readonly correlationId: string | null;
}

export interface DeadLetterSender {
  /**
   * Sends up to ten dead letters, in one request unless they are huge. Returns the indexes of those that were not sent:
   * SQS refused them, or `hasTime`, asked before each request, said no.
   */
  send(deadLetters: readonly DeadLetter[], hasTime?: () => boolean): Promise<ReadonlySet<number>>;
}

/** An attribute's value may be far longer, but the rest of a longer reason doesn't help. */
const REASON_LIMIT = 500;

/** A batch may have 1 MiB; the rest is for attributes, ids and groups of ten entries. */
export const BATCH_LIMIT_BYTES = 1024 * 1024 - 64 * 1024;

export function createDeadLetterSender(client: SQSClient, deadLetterQueueUrl: string): DeadLetterSender {
  return {
    async send(deadLetters, hasTime = () => true) {
      const refused = new Set<number>();
      const indexed = deadLetters.map((deadLetter, index) => ({ deadLetter, index }));
      // Usually one batch: instructions are small, and only poison can be large.
      for (const batch of inParts(
        indexed,
        ({ deadLetter }) => Buffer.byteLength(deadLetter.body),
        BATCH_LIMIT_BYTES,
      )) {
        if (!hasTime()) {
          for (const { index } of batch) refused.add(index);
          continue;
        }
        const Entries = batch.map(({ deadLetter, index }) => ({
          Id: String(index),
          MessageBody: deadLetter.body,
          MessageGroupId: deadLetter.groupId,
          MessageDeduplicationId: deadLetter.deduplicationId,
          MessageAttributes: attributesOf(deadLetter),
        }));
        const answer = await inRequestTime(
          client.send(new SendMessageBatchCommand({ QueueUrl: deadLetterQueueUrl, Entries })),
        );
        for (const failed of answer.Failed ?? []) refused.add(Number(failed.Id));
      }
      return refused;
    },
  };
}

/** The size of one message, including its attributes' names, types and values. */
const MESSAGE_LIMIT_BYTES = 1024 * 1024;

type Attributes = Record<string, MessageAttributeValue>;

/**
 * If the body leaves too little room, the reason is cut, and finally all attributes are dropped: a message that SQS refuses
 * would stay in the main queue. The database keeps the whole reason.
 */
function attributesOf({ body, reason, cycle, correlationId }: DeadLetter): Attributes {
  const told: Attributes = {
    ...(cycle === null ? {} : { cycle: { DataType: 'Number', StringValue: String(cycle) } }),
    ...(correlationId === null
      ? {}
      : { [CORRELATION_ATTRIBUTE]: { DataType: 'String', StringValue: correlationId } }),
  };
  const room = MESSAGE_LIMIT_BYTES - Buffer.byteLength(body);
  const attributes = room < sizeOf(told) ? {} : told;
  const frame = { reason: { DataType: 'String', StringValue: '' } };
  const text = cutTo(printable(reason.slice(0, REASON_LIMIT)), room - sizeOf(attributes) - sizeOf(frame));
  return text === '' ? attributes : { reason: { DataType: 'String', StringValue: text }, ...attributes };
}

export function sizeOf(attributes: Readonly<Attributes>): number {
  return Object.entries(attributes).reduce(
    (bytes, [name, { DataType = '', StringValue = '', BinaryValue }]) =>
      bytes + Buffer.byteLength(name + DataType + StringValue) + (BinaryValue?.byteLength ?? 0),
    0,
  );
}

/** Cuts a text to a number of bytes, without splitting a character. */
function cutTo(text: string, bytes: number): string {
  if (bytes <= 0) return '';
  const { written, read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return written === 0 ? '' : text.slice(0, read);
}

/** SQS refuses characters that XML 1.0 excludes, and a refused entry would keep its poison in the main queue. */
function printable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\u{fffd}');
}
