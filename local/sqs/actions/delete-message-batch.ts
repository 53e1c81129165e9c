import * as z from 'zod';
import { type ActionContext, assertBatch, parseInput, queueAt, queueUrl, runBatch } from './action.ts';

const inputSchema = z.strictObject({
  QueueUrl: queueUrl,
  Entries: z.array(z.strictObject({ Id: z.string(), ReceiptHandle: z.string() })),
});

export function deleteMessageBatch(context: ActionContext, input: unknown): object {
  const { QueueUrl, Entries } = parseInput(inputSchema, input);
  const queue = queueAt(context, QueueUrl);
  assertBatch(Entries);
  return runBatch(Entries, (entry) => {
    queue.delete(entry.ReceiptHandle);
    return {};
  });
}
