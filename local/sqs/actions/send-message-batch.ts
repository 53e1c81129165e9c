import * as z from 'zod';
import type { FifoQueue } from '../engine/fifo-queue.ts';
import { invalidParameter, SqsError } from '../errors.ts';
import { type ActionContext, assertBatch, parseInput, queueAt, queueUrl, runBatch } from './action.ts';
import {
  type MessageFields,
  messageFields,
  missingDeduplicationId,
  sendOne,
  sizeOf,
} from './send-message.ts';

const inputSchema = z.strictObject({
  QueueUrl: queueUrl,
  Entries: z.array(z.strictObject({ Id: z.string(), ...messageFields })),
});

/** Of all entries together. */
const BATCH_BYTES_LIMIT = 1024 * 1024;

export function sendMessageBatch(context: ActionContext, input: unknown): object {
  const { QueueUrl, Entries } = parseInput(inputSchema, input);
  const queue = queueAt(context, QueueUrl);
  assertBatch(Entries);
  const bytes = Entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
  if (bytes > BATCH_BYTES_LIMIT) {
    throw new SqsError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${BATCH_BYTES_LIMIT} bytes. You have sent ${bytes} bytes.`,
    );
  }
  for (const entry of Entries) assertFifoParameters(queue, entry);
  return runBatch(Entries, ({ Id: _id, ...fields }) => sendOne(queue, fields, context));
}

/** One entry without a group or a deduplication id fails the whole request. */
function assertFifoParameters(
  queue: FifoQueue,
  { MessageGroupId, MessageDeduplicationId }: MessageFields,
): void {
  if (MessageGroupId === undefined)
    throw invalidParameter('The request must contain the parameter MessageGroupId.');
  if (MessageDeduplicationId === undefined && !queue.settings.contentBasedDeduplication)
    throw missingDeduplicationId();
}
