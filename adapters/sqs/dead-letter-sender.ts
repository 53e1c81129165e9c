import { type MessageAttributeValue, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { CORRELATION_ATTRIBUTE } from './instruction-queue.ts';

/** A message that no retry can help for now, with the reason a person will read. */
export interface DeadLetter {
  readonly body: string;
  readonly groupId: string;
  readonly reason: string;
  /** Within five minutes SQS drops a repeat under the same id. */
  readonly deduplicationId: string;
  /** Which trip through the queue this is, from 0; null for poison, which has none. */
  readonly cycle: number | null;
  /** Of the message that died; null where it had none. */
  readonly correlationId: string | null;
}

export interface DeadLetterSender {
  /** Sends up to ten dead letters, in one request unless they are huge; returns the indexes of those SQS refused. */
  send(deadLetters: readonly DeadLetter[]): Promise<ReadonlySet<number>>;
}

/** An attribute's value may be far longer; a reason past this is noise. */
const REASON_LIMIT = 500;

/** A batch may hold 1 MiB; what is kept free is for attributes, ids and groups of ten entries. */
const BATCH_LIMIT_BYTES = 1024 * 1024 - 64 * 1024;

export function createDeadLetterSender(client: SQSClient, deadLetterQueueUrl: string): DeadLetterSender {
  return {
    async send(deadLetters) {
      const refused = new Set<number>();
      for (const batch of inBatches(deadLetters)) {
        const Entries = batch.map(({ deadLetter, index }) => ({
          Id: String(index),
          MessageBody: deadLetter.body,
          MessageGroupId: deadLetter.groupId,
          MessageDeduplicationId: deadLetter.deduplicationId,
          MessageAttributes: attributesOf(deadLetter),
        }));
        const answer = await client.send(
          new SendMessageBatchCommand({ QueueUrl: deadLetterQueueUrl, Entries }),
        );
        for (const failed of answer.Failed ?? []) refused.add(Number(failed.Id));
      }
      return refused;
    },
  };
}

interface IndexedDeadLetter {
  readonly deadLetter: DeadLetter;
  readonly index: number;
}

/** One batch as a rule: instructions are small, and only poison can be large. */
function inBatches(deadLetters: readonly DeadLetter[]): readonly (readonly IndexedDeadLetter[])[] {
  const batches: IndexedDeadLetter[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const [index, deadLetter] of deadLetters.entries()) {
    const size = Buffer.byteLength(deadLetter.body);
    bytes += size;
    if (bytes > BATCH_LIMIT_BYTES) {
      batches.push([]);
      bytes = size;
    }
    batches.at(-1)?.push({ deadLetter, index });
  }
  return batches;
}

function attributesOf(deadLetter: DeadLetter): Record<string, MessageAttributeValue> {
  return {
    reason: { DataType: 'String', StringValue: printable(deadLetter.reason.slice(0, REASON_LIMIT)) },
    ...(deadLetter.cycle === null
      ? {}
      : { cycle: { DataType: 'Number', StringValue: String(deadLetter.cycle) } }),
    ...(deadLetter.correlationId === null
      ? {}
      : { [CORRELATION_ATTRIBUTE]: { DataType: 'String', StringValue: deadLetter.correlationId } }),
  };
}

/** SQS refuses what XML 1.0 can't hold, and one refused entry would keep its poison in the main queue. */
function printable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\u{fffd}');
}
