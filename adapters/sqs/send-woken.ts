import type { WokenInstruction } from '../database/statements/wake-instructions.ts';
import { BATCH_LIMIT, type InstructionSender } from './instruction-queue.ts';

export interface SendEffects {
  readonly queue: InstructionSender;
  /** The relay sends it later. */
  sendFailed(detail: Readonly<Record<string, unknown>>): void;
}

/**
 * Sends the messages of instructions that were woken. They are recorded as sent: what is refused, and what a crash loses, the
 * relay sends again (rule 10).
 */
export async function sendWoken(
  woken: readonly WokenInstruction[],
  { queue, sendFailed }: SendEffects,
): Promise<void> {
  const messages = woken.map((row) => ({
    instructionId: row.instruction_id,
    groupId: row.group_id,
    operation: row.operation,
    sendNumber: row.send_no,
    correlationId: row.correlation_id,
  }));
  for (let start = 0; start < messages.length; start += BATCH_LIMIT) {
    try {
      const refused = await queue.send(messages.slice(start, start + BATCH_LIMIT));
      if (refused.length > 0) sendFailed({ refused });
    } catch (error) {
      sendFailed({ error });
    }
  }
}
