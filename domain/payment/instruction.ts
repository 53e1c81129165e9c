import type { Operation } from './psp-outcome.ts';

/** One operation to be carried out once. The last four before `dead_lettered` are terminal. */
export type InstructionState =
  | 'ready'
  | 'executing'
  | 'succeeded'
  | 'declined'
  | 'requires_action'
  | 'cancelled'
  | 'dead_lettered'
  | 'quarantined';

const TERMINAL: ReadonlySet<InstructionState> = new Set([
  'succeeded',
  'declined',
  'requires_action',
  'cancelled',
]);

export function isTerminal(state: InstructionState): boolean {
  return TERMINAL.has(state);
}

/**
 * What names an instruction everywhere outside the database; all of it is in the message's body, and a message in which
 * the three don't belong together names nothing.
 */
export interface InstructionKey {
  readonly instructionId: string;
  readonly paymentOrderId: string;
  readonly operation: Operation;
}

/** The version of the message's schema; a consumer that doesn't know it treats the message as poison. */
export const INSTRUCTION_MESSAGE_VERSION = 1;

export function instructionMessageBody(key: InstructionKey): string {
  return JSON.stringify({
    version: INSTRUCTION_MESSAGE_VERSION,
    instruction_id: key.instructionId,
    payment_order_id: key.paymentOrderId,
    operation: key.operation,
  });
}

/** Within one send number SQS drops repeats for five minutes; a re-send that must arrive takes the next (rule 10). */
export function deduplicationIdOf(instructionId: string, sendNumber: number): string {
  return `${instructionId}#${sendNumber}`;
}

export function instructionNameOf(key: InstructionKey): string {
  return `${key.paymentOrderId}#${key.operation}#${key.instructionId}`;
}

/** From the body, never from SQS's ids: a dead-letter move and a redrive change both (rule 8). */
export function consumedKeyOf(key: InstructionKey, restoreEpoch: string): string {
  return `${restoreEpoch}#${instructionNameOf(key)}`;
}

/** From the instruction, never from the attempt: the PSP must see every attempt as one request (rule 4). */
export function pspIdempotencyKeyOf(instructionId: string): string {
  return instructionId;
}
