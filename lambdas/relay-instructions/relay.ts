import type { Database } from '../../adapters/database/database.ts';
import { takeDueInstructions } from '../../adapters/database/statements/relay-instructions.ts';
import type { Activity } from '../../adapters/dynamodb/activity.ts';
import {
  BATCH_LIMIT,
  type InstructionMessage,
  type InstructionSender,
} from '../../adapters/sqs/instruction-queue.ts';

export interface RelayEffects {
  readonly database: Database;
  readonly queue: InstructionSender;
  readonly activity: Activity;
  now(): number;
}

export interface RelayReport {
  readonly sent: number;
  readonly refused: number;
  readonly wasIdle: boolean;
}

/** One statement takes at most this many: its answer stays far below the Data API's 1 MiB, its locks short. */
const TAKE_LIMIT = 500;
/** What one run sends at most: 5,000 messages in its minute. A longer backlog is the queue's to work off first. */
const ROUND_LIMIT = 10;

/**
 * The transactional outbox is the instruction table itself: sends again what is not terminal and shows no sign of
 * life, and what was parked and is due. No message that is lost anywhere strands a payment.
 */
export async function relayInstructions(effects: RelayEffects): Promise<RelayReport> {
  if (await effects.activity.isIdle()) return { sent: 0, refused: 0, wasIdle: true };
  const startedAt = effects.now();
  let sent = 0;
  let refused = 0;
  for (let round = 0; round < ROUND_LIMIT; round += 1) {
    const { due, nothingWaits } = await takeDueInstructions(effects.database, TAKE_LIMIT);
    if (nothingWaits) await effects.activity.foundNothing(startedAt);
    const messages = due.map((row) => ({
      instructionId: row.instruction_id,
      paymentOrderId: row.payment_order_id,
      operation: row.operation,
      sendNumber: row.send_no,
    }));
    refused += await sendAll(messages, effects);
    sent += messages.length;
    if (due.length < TAKE_LIMIT) break;
  }
  return { sent: sent - refused, refused, wasIdle: false };
}

/** @returns how many SQS refused; they come again by the same rule that brought them here */
async function sendAll(messages: readonly InstructionMessage[], effects: RelayEffects): Promise<number> {
  let refused = 0;
  for (let start = 0; start < messages.length; start += BATCH_LIMIT) {
    refused += (await effects.queue.send(messages.slice(start, start + BATCH_LIMIT))).length;
  }
  return refused;
}
