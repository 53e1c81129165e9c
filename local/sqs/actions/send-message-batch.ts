import * as z from 'zod';
import { SqsError } from '../errors.ts';
import { type ActionContext, assertBatch, parseInput, queueAt, queueUrl, runBatch } from './action.ts';
import { messageFields, sendOne, sizeOf } from './send-message.ts';

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
  return runBatch(Entries, ({ Id: _id, ...fields }) => sendOne(queue, fields, context.caller));
}
