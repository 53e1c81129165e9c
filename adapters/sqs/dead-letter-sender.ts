import { createHash } from 'node:crypto';
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** A message that no retry can help, with the reason a person will read. */
export interface DeadLetter {
  readonly body: string;
  readonly groupId: string;
  readonly reason: string;
}

export interface DeadLetterSender {
  /** Sends up to ten dead letters in one request; returns the indexes of those SQS refused. */
  send(deadLetters: readonly DeadLetter[]): Promise<ReadonlySet<number>>;
}

/** SQS allows 256 characters in an attribute's name and far more in its value; a reason longer than this is noise. */
const REASON_LIMIT = 500;

/** Deduplicated by the body: the same poison received twice within five minutes is one dead letter. */
export function createDeadLetterSender(client: SQSClient, deadLetterQueueUrl: string): DeadLetterSender {
  return {
    async send(deadLetters) {
      const Entries = deadLetters.map(({ body, groupId, reason }, index) => ({
        Id: String(index),
        MessageBody: body,
        MessageGroupId: groupId,
        MessageDeduplicationId: createHash('sha256').update(body).digest('hex'),
        MessageAttributes: { reason: { DataType: 'String', StringValue: reason.slice(0, REASON_LIMIT) } },
      }));
      const answer = await client.send(
        new SendMessageBatchCommand({ QueueUrl: deadLetterQueueUrl, Entries }),
      );
      return new Set((answer.Failed ?? []).map((failed) => Number(failed.Id)));
    },
  };
}
