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

/** SQS takes ten entries a batch. */
export const BATCH_LIMIT = 10;

export interface InstructionMessage extends InstructionKey {
  readonly sendNumber: number;
  /** Of the API request behind it; null for what an older version accepted. */
  readonly correlationId: string | null;
}

export interface InstructionSender {
  /**
   * Sends up to ten messages in one request; returns the ids of those SQS refused. A refusal is not retried here: the
   * relay sends again what shows no sign of life.
   */
  send(messages: readonly InstructionMessage[]): Promise<readonly string[]>;
}

/** One group per order, never per merchant or seller: a slow order delays nobody else (rule 10). */
export function createInstructionSender(client: SQSClient, queueUrl: string): InstructionSender {
  return {
    async send(messages) {
      const Entries = messages.map(
        (message, index): SendMessageBatchRequestEntry => ({
          Id: String(index),
          MessageBody: instructionMessageBody(message),
          MessageGroupId: message.paymentOrderId,
          MessageDeduplicationId: deduplicationIdOf(message.instructionId, message.sendNumber),
          ...correlationAttributes(message.correlationId),
        }),
      );
      const answer = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      return (answer.Failed ?? []).flatMap((failed) => messages[Number(failed.Id)]?.instructionId ?? []);
    },
  };
}

/** An attribute, which dead-letter moves and redrives keep, rather than a field of the body: poison is known by its body. */
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
   * Hides up to ten messages for so long from now, in one request. A change that fails is of no consequence but
   * time: the message shows again when the queue's own visibility time-out ends.
   */
  change(changes: readonly VisibilityChange[]): Promise<void>;
}

/** The longest SQS hides a message. */
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
