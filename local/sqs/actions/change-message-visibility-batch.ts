import * as z from 'zod';
import { type ActionContext, assertBatch, parseInput, queueAt, queueUrl, runBatch } from './action.ts';
import { visibilityTimeout } from './change-message-visibility.ts';

const inputSchema = z.strictObject({
  QueueUrl: queueUrl,
  Entries: z.array(
    z.strictObject({ Id: z.string(), ReceiptHandle: z.string(), VisibilityTimeout: visibilityTimeout }),
  ),
});

export function changeMessageVisibilityBatch(context: ActionContext, input: unknown): object {
  const { QueueUrl, Entries } = parseInput(inputSchema, input);
  const queue = queueAt(context, QueueUrl);
  assertBatch(Entries);
  return runBatch(Entries, (entry) => {
    queue.changeVisibility(entry.ReceiptHandle, entry.VisibilityTimeout);
    return {};
  });
}
