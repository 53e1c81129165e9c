import * as z from 'zod';
import type { MessageAttributes, Received } from '../engine/message.ts';
import { md5OfAttributes, md5OfText } from '../md5.ts';
import { type ActionContext, parseInput, queueAt, queueUrl } from './action.ts';
import { sequenceNumber } from './send-message.ts';

const inputSchema = z.strictObject({
  QueueUrl: queueUrl,
  AttributeNames: z.array(z.string()).optional(),
  MessageSystemAttributeNames: z.array(z.string()).optional(),
  MessageAttributeNames: z.array(z.string()).optional(),
  MaxNumberOfMessages: z.int().min(1).max(10).optional(),
  VisibilityTimeout: z.int().min(0).max(43_200).optional(),
  WaitTimeSeconds: z.int().min(0).max(20).optional(),
});

export async function receiveMessage(context: ActionContext, input: unknown): Promise<object> {
  const request = parseInput(inputSchema, input);
  const queue = queueAt(context, request.QueueUrl);
  const { store } = context.engine;
  const receive = () =>
    store.transaction(() => queue.receive(request.MaxNumberOfMessages ?? 1, request.VisibilityTimeout));
  let received = receive();
  if (received.length === 0) {
    const waitSeconds = request.WaitTimeSeconds ?? queue.settings.waitSeconds;
    await queue.whenReady(waitSeconds * 1000, context.signal);
    // If the service has stopped or the client has gone in the meantime, no one would get them.
    if (waitSeconds > 0 && !context.signal.aborted) received = receive();
  }
  const system = new Set([...(request.AttributeNames ?? []), ...(request.MessageSystemAttributeNames ?? [])]);
  const messages = received.map((one) => messageOf(one, system, request.MessageAttributeNames ?? []));
  return messages.length === 0 ? {} : { Messages: messages };
}

function messageOf(received: Received, system: ReadonlySet<string>, wanted: readonly string[]): object {
  const { message, receiptHandle } = received;
  const attributes = chosenAttributes(message.attributes, wanted);
  const md5 = md5OfAttributes(attributes);
  const systemAttributes = Object.entries(systemAttributesOf(received)).filter(
    ([name]) => system.has('All') || system.has(name),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: receiptHandle,
    Body: message.body,
    MD5OfBody: md5OfText(message.body),
    ...(systemAttributes.length === 0 ? {} : { Attributes: Object.fromEntries(systemAttributes) }),
    ...(md5 === undefined ? {} : { MessageAttributes: attributes, MD5OfMessageAttributes: md5 }),
  };
}

/** The attributes that SQS itself gives a message, as text. */
export function systemAttributesOf({ message }: Received): Readonly<Record<string, string>> {
  return {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiveCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    SequenceNumber: sequenceNumber(message.sequence),
    MessageDeduplicationId: message.deduplicationId,
    MessageGroupId: message.groupId,
    ...(message.deadLetterSourceArn === undefined
      ? {}
      : { DeadLetterQueueSourceArn: message.deadLetterSourceArn }),
    ...(message.traceHeader === undefined ? {} : { AWSTraceHeader: message.traceHeader }),
  };
}

/** By name, by `prefix.*`, which needs no dot in the name, or all. */
function chosenAttributes(attributes: MessageAttributes, wanted: readonly string[]): MessageAttributes {
  const isWanted = (name: string) =>
    wanted.some((want) => {
      if (want === 'All' || want === '*' || want === name) return true;
      return want.endsWith('.*') && name.startsWith(want.slice(0, -'.*'.length));
    });
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isWanted(name)));
}
