import { SqsError } from '../errors.ts';
import type { Message } from './message.ts';

/** Identifies queue, message and delivery. */
export function receiptHandleOf(queue: string, message: Pick<Message, 'sequence' | 'receipt'>): string {
  return `${queue}:${message.sequence}:${message.receipt}`;
}

/** @throws SqsError ReceiptHandleIsInvalid for a handle that this queue never returned */
export function sequenceOf(receiptHandle: string, queue: string): number {
  const [name, sequence = '', receipt] = receiptHandle.split(':');
  if (name === queue && receipt !== undefined && /^\d+$/.test(sequence)) return Number(sequence);
  throw new SqsError(
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${receiptHandle}" is not a valid receipt handle.`,
  );
}
