import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { inParts } from '../in-parts.ts';
import { BATCH_LIMIT_BYTES, sizeOf } from './dead-letter-sender.ts';
import { BATCH_LIMIT } from './instruction-queue.ts';

/** A message in the dead-letter queue. */
export interface ReceivedDeadLetter {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly groupId: string;
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
}

export interface DeadLetterQueue {
  /** The numbers of visible messages and of those in flight; approximate, as in SQS. */
  count(): Promise<{ readonly visible: number; readonly held: number }>;
  /** Receives up to ten for `visibilitySeconds`. */
  receive(visibilitySeconds: number): Promise<readonly ReceivedDeadLetter[]>;
  /** Sends dead letters back to the main queue, then deletes them here; returns the moved ones. */
  moveBack(deadLetters: readonly ReceivedDeadLetter[]): Promise<readonly ReceivedDeadLetter[]>;
  /** Makes dead letters visible again before that time. */
  release(deadLetters: readonly ReceivedDeadLetter[]): Promise<void>;
}

export interface DeadLetterQueueOptions {
  readonly client: SQSClient;
  readonly url: string;
  readonly mainUrl: string;
}

export function createDeadLetterQueue(options: DeadLetterQueueOptions): DeadLetterQueue {
  const { client, url } = options;
  return {
    count: () => count(client, url),
    receive: (visibilitySeconds) => receive(client, url, visibilitySeconds),
    moveBack: (deadLetters) => moveBack(options, deadLetters),
    release: async (deadLetters) => {
      const Entries = deadLetters.map((deadLetter, index) => ({
        Id: String(index),
        ReceiptHandle: deadLetter.receiptHandle,
        VisibilityTimeout: 0,
      }));
      if (Entries.length > 0)
        await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries }));
    },
  };
}

async function count(client: SQSClient, url: string) {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return {
    visible: Number(Attributes?.ApproximateNumberOfMessages ?? 0),
    held: Number(Attributes?.ApproximateNumberOfMessagesNotVisible ?? 0),
  };
}

async function receive(
  client: SQSClient,
  url: string,
  visibilitySeconds: number,
): Promise<readonly ReceivedDeadLetter[]> {
  const { Messages } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: BATCH_LIMIT,
      VisibilityTimeout: visibilitySeconds,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['MessageGroupId'],
    }),
  );
  return (Messages ?? []).flatMap((message) => {
    const { MessageId: messageId, ReceiptHandle: receiptHandle, Body: body } = message;
    if (messageId === undefined || receiptHandle === undefined || body === undefined) return [];
    const groupId = message.Attributes?.MessageGroupId ?? messageId;
    return [{ messageId, receiptHandle, body, groupId, attributes: message.MessageAttributes ?? {} }];
  });
}

/** In one request, unless they are huge: what SQS refuses as too long would keep every redrive from its end. */
async function moveBack(
  options: DeadLetterQueueOptions,
  deadLetters: readonly ReceivedDeadLetter[],
): Promise<readonly ReceivedDeadLetter[]> {
  const moved: ReceivedDeadLetter[] = [];
  const bytesOf = ({ body, attributes }: ReceivedDeadLetter) => Buffer.byteLength(body) + sizeOf(attributes);
  for (const part of inParts(deadLetters, bytesOf, BATCH_LIMIT_BYTES)) {
    moved.push(...(await movePart(options, part)));
  }
  return moved;
}

/** Sent first: a crash between the two leaves the dead letter in both queues, and the protocol tolerates duplicates. */
async function movePart(
  { client, url, mainUrl }: DeadLetterQueueOptions,
  deadLetters: readonly ReceivedDeadLetter[],
): Promise<readonly ReceivedDeadLetter[]> {
  const sent = await client.send(
    new SendMessageBatchCommand({
      QueueUrl: mainUrl,
      Entries: deadLetters.map((deadLetter, index) => ({
        Id: String(index),
        MessageBody: deadLetter.body,
        MessageGroupId: deadLetter.groupId,
        // The id of the moved message, as when SQS moves a message.
        MessageDeduplicationId: deadLetter.messageId,
        MessageAttributes: deadLetter.attributes,
      })),
    }),
  );
  const refused = new Set((sent.Failed ?? []).map((failed) => Number(failed.Id)));
  const moved = deadLetters.filter((_, index) => !refused.has(index));
  if (moved.length > 0) {
    await client.send(
      new DeleteMessageBatchCommand({
        QueueUrl: url,
        Entries: moved.map((deadLetter, index) => ({
          Id: String(index),
          ReceiptHandle: deadLetter.receiptHandle,
        })),
      }),
    );
  }
  return moved;
}
