import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { FifoQueue } from '../engine/fifo-queue.ts';
import type { MessageAttributes, NewMessage } from '../engine/message.ts';
import { invalidParameter, SqsError } from '../errors.ts';
import { md5OfAttributes, md5OfText } from '../md5.ts';
import { type ActionContext, parseInput, queueAt, queueUrl } from './action.ts';

const attributeSchema = z.strictObject({
  DataType: z.string().regex(/^(String|Number|Binary)(\..{1,249})?$/),
  StringValue: z.string().optional(),
  BinaryValue: z.string().optional(),
});

/** What one message is made of, alone or as an entry of a batch. */
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
  return sendOne(queueAt(context, QueueUrl), fields, context.caller);
}

export function sendOne(queue: FifoQueue, fields: MessageFields, caller: string): object {
  const message = newMessage(queue, fields, caller);
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

function newMessage(queue: FifoQueue, fields: MessageFields, caller: string): NewMessage {
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
    groupId: idOf(fields.MessageGroupId, 'MessageGroupId'),
    deduplicationId: deduplicationIdOf(queue, fields),
    senderId: caller,
  };
}

function deduplicationIdOf(queue: FifoQueue, fields: MessageFields): string {
  if (fields.MessageDeduplicationId !== undefined)
    return idOf(fields.MessageDeduplicationId, 'MessageDeduplicationId');
  if (queue.settings.contentBasedDeduplication)
    return createHash('sha256').update(fields.MessageBody).digest('hex');
  throw invalidParameter(
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
}

function idOf(id: string | undefined, parameter: string): string {
  if (id === undefined)
    throw new SqsError('MissingParameter', `The request must contain the parameter ${parameter}.`);
  if (ID.test(id)) return id;
  throw invalidParameter(
    `Value ${id} for parameter ${parameter} is invalid. Reason: ${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

/** The characters that XML 1.0 allows; everything else is refused. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const UNALLOWED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

function assertContents(body: string): void {
  if (body.length === 0)
    throw new SqsError('MissingParameter', 'The request must contain the parameter MessageBody.');
  if (UNALLOWED.test(body) || !body.isWellFormed()) {
    throw new SqsError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
    );
  }
}

const ATTRIBUTES_LIMIT = 10;

function assertAttributes(attributes: MessageAttributes): void {
  if (Object.keys(attributes).length > ATTRIBUTES_LIMIT) {
    throw invalidParameter('Number of message attributes exceeds the allowed maximum [10].');
  }
  for (const [name, attribute] of Object.entries(attributes)) {
    const value = attribute.DataType.startsWith('Binary') ? attribute.BinaryValue : attribute.StringValue;
    if (value === undefined || value === '') {
      throw invalidParameter(
        `The message attribute '${name}' must contain a non-empty value of type '${attribute.DataType}'.`,
      );
    }
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
