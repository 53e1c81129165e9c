import type { SQSRecord } from 'aws-lambda';
import { CORRELATION_ATTRIBUTE } from '../../adapters/sqs/instruction-queue.ts';

/** A FIFO queue gives every message its group; a message without one stands for itself. */
export function groupOf(record: SQSRecord): string {
  return record.attributes.MessageGroupId ?? record.messageId;
}

/** What ties the message to the API request behind it; null where an older version sent it, or a stranger. */
export function correlationIdOf(record: SQSRecord): string | null {
  return record.messageAttributes[CORRELATION_ATTRIBUTE]?.stringValue ?? null;
}

/** A service that is away comes back within seconds as a rule. */
const FIRST_BACKOFF_SECONDS = 10;
/**
 * SQS moves a message once it was received more than `maxReceiveCount` (twenty) times. The twenty waits before that last
 * four hours: seven that double from ten seconds, 21 minutes in all, then thirteen of 17 minutes.
 */
const LONGEST_BACKOFF_SECONDS = 17 * 60;

/**
 * How long a message waits when a service is away, doubling with each receive, so that an outage of ours never makes a
 * dead letter of a good message.
 */
export function infrastructureBackoffSeconds(records: readonly SQSRecord[]): number {
  const receives = Math.max(1, ...records.map((record) => Number(record.attributes.ApproximateReceiveCount)));
  return Math.min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (receives - 1));
}
