import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { FifoQueue } from '../engine/fifo-queue.ts';
import type { MessageAttributes, NewMessage } from '../engine/message.ts';
import { invalidParameter, SqsError } from '../errors.ts';
import { md5OfAttributes, md5OfText } from '../md5.ts';
import { type ActionContext, parseInput, queueAt, queueUrl } from './action.ts';
import { assertAttributes, isText } from './message-attributes.ts';

const attributeSchema = z.strictObject({
  DataType: z.string(),
  StringValue: z.string().optional(),
  BinaryValue: z.string().optional(),
});

/** The fields of one message, alone or as an entry of a batch. */
export const messageFields = {
  MessageBody: z.string(),
  MessageAttributes: z.record(z.string(), attributeSchema).optional(),
  MessageGroupId: z.string().optional(),
  MessageDeduplicationId: z.string().optional(),
  DelaySeconds: z.number().optional(),
};

const inputSchema = z.strictObject({ QueueUrl: queueUrl, ...messageFields });
const fieldsSchema = z.object(messageFields);
export type MessageFields = z.infer<typeof fieldsSchema>;

export function sendMessage(context: ActionContext, input: unknown): object {
  const { QueueUrl, ...fields } = parseInput(inputSchema, input);
  return sendOne(queueAt(context, QueueUrl), fields, context);
}

/** The sender and its trace. */
type Sender = Pick<ActionContext, 'caller' | 'traceHeader'>;

export function sendOne(queue: FifoQueue, fields: MessageFields, sender: Sender): object {
  const message = newMessage(queue, fields, sender);
  const { messageId, sequence } = queue.send(message);
  const md5 = md5OfAttributes(message.attributes);
  return {
    MessageId: messageId,
    SequenceNumber: sequenceNumber(sequence),
    MD5OfMessageBody: md5OfText(message.body),
    ...(md5 === undefined ? {} : { MD5OfMessageAttributes: md5 }),
  };
}

/** Twenty digits, as AWS writes them. */
export function sequenceNumber(sequence: number): string {
  return String(sequence).padStart(20, '0');
}

/** "Alphanumeric characters and punctuation", at most 128 of them. */
const ID = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

function newMessage(queue: FifoQueue, fields: MessageFields, { caller, traceHeader }: Sender): NewMessage {
  const attributes = fields.MessageAttributes ?? {};
  if (fields.DelaySeconds !== undefined && fields.DelaySeconds !== 0) {
    throw invalidParameter(
      `Value ${fields.DelaySeconds} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.`,
    );
  }
  assertContents(fields.MessageBody);
  assertAttributes(attributes);
  assertSize(queue, fields.MessageBody, attributes);
  return {
    body: fields.MessageBody,
    attributes,
    groupId: groupIdOf(fields),
    deduplicationId: deduplicationIdOf(queue, fields),
    senderId: caller,
    traceHeader,
  };
}

/** @throws SqsError MissingParameter */
function groupIdOf({ MessageGroupId: id }: MessageFields): string {
  if (id === undefined)
    throw new SqsError('MissingParameter', 'The request must contain the parameter MessageGroupId.');
  return assertId(id, 'MessageGroupId');
}

function deduplicationIdOf(queue: FifoQueue, fields: MessageFields): string {
  if (fields.MessageDeduplicationId !== undefined)
    return assertId(fields.MessageDeduplicationId, 'MessageDeduplicationId');
  if (queue.settings.contentBasedDeduplication)
    return createHash('sha256').update(fields.MessageBody).digest('hex');
  throw missingDeduplicationId();
}

export function missingDeduplicationId(): SqsError {
  return invalidParameter(
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}

function assertId(id: string, parameter: string): string {
  if (ID.test(id)) return id;
  throw invalidParameter(
    `Value ${id} for parameter ${parameter} is invalid. Reason: ${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

function assertContents(body: string): void {
  if (body.length === 0)
    throw new SqsError('MissingParameter', 'The request must contain the parameter MessageBody.');
  if (!isText(body)) {
    throw new SqsError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
    );
  }
}

function assertSize(queue: FifoQueue, body: string, attributes: MessageAttributes): void {
  const bytes = sizeOf({ MessageBody: body, MessageAttributes: attributes });
  if (bytes > queue.settings.maximumMessageBytes) {
    throw invalidParameter(
      `One or more parameters are invalid. Reason: Message must be shorter than ${queue.settings.maximumMessageBytes} bytes.`,
    );
  }
}

/** Body and attributes count, names and types included. */
export function sizeOf(fields: {
  readonly MessageBody: string;
  readonly MessageAttributes?: MessageAttributes | undefined;
}): number {
  let bytes = Buffer.byteLength(fields.MessageBody);
  for (const [name, attribute] of Object.entries(fields.MessageAttributes ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(attribute.DataType);
    bytes +=
      Buffer.byteLength(attribute.StringValue ?? '') +
      Buffer.byteLength(attribute.BinaryValue ?? '', 'base64');
  }
  return bytes;
}
