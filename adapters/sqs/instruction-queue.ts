import {
  ChangeMessageVisibilityBatchCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import {
  deduplicationIdOf,
  type InstructionKey,
  instructionMessageBody,
} from '../../domain/payment/instruction.ts';
import { inRequestTime } from '../bounded-client.ts';

/** SQS's maximum of entries in a batch. */
export const BATCH_LIMIT = 10;

export interface InstructionMessage extends InstructionKey {
  readonly sendNumber: number;
  /** Of the API request that caused it; null for payments that an older version accepted. */
  readonly correlationId: string | null;
}

export interface InstructionSender {
  /**
   * Sends up to ten messages in one request; returns the ids that SQS refused. A refusal is not retried here: the relay sends
   * instructions again that make no progress.
   */
  send(messages: readonly InstructionMessage[]): Promise<readonly string[]>;
}

/** One group per order, never per merchant or seller: a slow order delays no other (rule 10). */
export function createInstructionSender(client: SQSClient, queueUrl: string): InstructionSender {
  return {
    async send(messages) {
      const Entries = messages.map(
        (message, index): SendMessageBatchRequestEntry => ({
          Id: String(index),
          MessageBody: instructionMessageBody(message),
          MessageGroupId: message.groupId,
          MessageDeduplicationId: deduplicationIdOf(message.instructionId, message.sendNumber),
          ...correlationAttributes(message.correlationId),
        }),
      );
      const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries });
      const answer = await inRequestTime(client.send(command));
      return (answer.Failed ?? []).flatMap((failed) => messages[Number(failed.Id)]?.instructionId ?? []);
    },
  };
}

/** An attribute, which dead-letter moves and redrives keep, rather than a field of the body, by which poison is identified. */
export const CORRELATION_ATTRIBUTE = 'correlation_id';

function correlationAttributes(id: string | null) {
  return id === null
    ? {}
    : { MessageAttributes: { [CORRELATION_ATTRIBUTE]: { DataType: 'String', StringValue: id } } };
}

export interface VisibilityChange {
  readonly receiptHandle: string;
  readonly seconds: number;
}

export interface VisibilityChanger {
  /**
   * Changes the visibility of up to ten messages in one request. A failed change only costs time: the message becomes visible
   * when the queue's own visibility time-out ends.
   */
  change(changes: readonly VisibilityChange[]): Promise<void>;
}

/** SQS's maximum visibility time-out. */
const VISIBILITY_LIMIT_SECONDS = 12 * 3600;

export function createVisibilityChanger(client: SQSClient, queueUrl: string): VisibilityChanger {
  return {
    async change(changes) {
      const Entries = changes.map((change, index) => ({
        Id: String(index),
        ReceiptHandle: change.receiptHandle,
        VisibilityTimeout: Math.min(VISIBILITY_LIMIT_SECONDS, Math.max(0, Math.ceil(change.seconds))),
      }));
      if (Entries.length > 0)
        await inRequestTime(
          client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries })),
        );
    },
  };
}
