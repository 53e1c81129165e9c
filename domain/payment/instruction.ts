import type { Operation } from './psp-outcome.ts';

/** The state of one operation to be carried out once. `isTerminal` tells which are terminal. */
export type InstructionState =
  | 'ready'
  | 'executing'
  | 'succeeded'
  | 'declined'
  | 'awaiting_buyer'
  | 'awaiting_psp'
  | 'cancelled'
  | 'dead_lettered'
  | 'quarantined';

/** What an instruction waits for that the PSP has accepted. */
export type Awaits = 'buyer' | 'psp';

const TERMINAL: ReadonlySet<InstructionState> = new Set(['succeeded', 'declined', 'cancelled']);

export function isTerminal(state: InstructionState): boolean {
  return TERMINAL.has(state);
}

/** Accepted by the PSP, and the result comes later. */
export function isAwaiting(state: InstructionState): boolean {
  return state === 'awaiting_buyer' || state === 'awaiting_psp';
}

/**
 * Names an instruction outside the database. A message's body holds all three fields; if they don't belong to the same
 * instruction, the message is poison.
 */
export interface InstructionKey {
  readonly instructionId: string;
  /** The id of its order: what must be done in turn has one group, which is also SQS's message group. */
  readonly groupId: string;
  readonly operation: Operation;
}

/** The version of the message's schema; a consumer that doesn't know it treats the message as poison. */
export const INSTRUCTION_MESSAGE_VERSION = 1;

export function instructionMessageBody(key: InstructionKey): string {
  return JSON.stringify({
    version: INSTRUCTION_MESSAGE_VERSION,
    instruction_id: key.instructionId,
    group_id: key.groupId,
    operation: key.operation,
  });
}

/** SQS drops repeats under one send number for five minutes; a re-send that must arrive takes the next number (rule 10). */
export function deduplicationIdOf(instructionId: string, sendNumber: number): string {
  return `${instructionId}#${sendNumber}`;
}

export function instructionNameOf(key: InstructionKey): string {
  return `${key.groupId}#${key.operation}#${key.instructionId}`;
}

/** Made from the message's body, never from SQS's ids, which a dead-letter move and a redrive change (rule 8). */
export function consumedKeyOf(key: InstructionKey, restoreEpoch: string): string {
  return `${restoreEpoch}#${instructionNameOf(key)}`;
}

/** Made from the instruction, never from the attempt: the PSP must see all attempts as the same request (rule 4). */
export function pspIdempotencyKeyOf(instructionId: string): string {
  return instructionId;
}

/** The instruction that a key at the PSP was made from; undefined for a key that isn't ours. */
export function instructionIdOfKey(idempotencyKey: string): string | undefined {
  return /^ins_[0-9a-f]{32}/.exec(idempotencyKey)?.[0];
}

/** Whether a text from outside has the form of an order's id. */
export function isOrderId(text: string): boolean {
  return /^ord_[0-9a-f]{32}$/.test(text);
}
