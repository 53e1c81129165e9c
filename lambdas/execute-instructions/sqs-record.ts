import type { SQSRecord } from 'aws-lambda';
import { CORRELATION_ATTRIBUTE } from '../../adapters/sqs/instruction-queue.ts';

/** Every message of a FIFO queue has a group; a message without one counts as its own group. */
export function groupOf(record: SQSRecord): string {
  return record.attributes.MessageGroupId ?? record.messageId;
}

/** The id of the API request that created the payment; null if the sender set none. */
export function correlationIdOf(record: SQSRecord): string | null {
  return record.messageAttributes[CORRELATION_ATTRIBUTE]?.stringValue ?? null;
}

/** An unavailable service is usually back within seconds. */
const FIRST_BACKOFF_SECONDS = 10;
/**
 * SQS moves a message to the dead-letter queue after more than `maxReceiveCount` (20) receives. The 20 waits before that
 * add up to four hours: seven that double from ten seconds (21 minutes in all), then thirteen of 17 minutes.
 */
const LONGEST_BACKOFF_SECONDS = 17 * 60;

/**
 * How long a message waits when one of our own services is unavailable, doubling with each receive: an outage of up to
 * four hours makes no dead letter of a good message.
 */
export function infrastructureBackoffSeconds(records: readonly SQSRecord[]): number {
  const receives = Math.max(1, ...records.map((record) => Number(record.attributes.ApproximateReceiveCount)));
  return Math.min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (receives - 1));
}
