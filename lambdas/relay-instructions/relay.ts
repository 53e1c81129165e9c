import type { Database } from '../../adapters/database/database.ts';
import {
  type DueInstruction,
  takeDueInstructions,
} from '../../adapters/database/statements/relay-instructions.ts';
import type { Activity } from '../../adapters/dynamodb/activity.ts';
import {
  BATCH_LIMIT,
  type InstructionMessage,
  type InstructionSender,
} from '../../adapters/sqs/instruction-queue.ts';
import type { Time } from '../../adapters/time.ts';

export interface RelayEffects {
  readonly database: Database;
  readonly queue: InstructionSender;
  readonly activity: Activity;
  readonly time: Time;
  /** One line per instruction whose message was sent again. */
  sentAgain(instruction: DueInstruction): void;
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

/** While payments wait for a circuit the relay looks so often: a PSP that is back is not kept idle for a minute. */
const CIRCUIT_LOOK_MS = 5_000;
/** Its next run begins after a minute. */
const LAST_LOOK_MS = 50_000;

/**
 * The transactional outbox is the instruction table itself: sends again what is not terminal and shows no sign of
 * life, and what was parked and is due. No message that is lost anywhere strands a payment.
 */
export async function relayInstructions(effects: RelayEffects): Promise<RelayReport> {
  if (await effects.activity.isIdle()) return { sent: 0, refused: 0, wasIdle: true };
  const startedAt = effects.time.now();
  let sent = 0;
  let refused = 0;
  for (;;) {
    const round = await sendDue(effects, startedAt);
    sent += round.sent;
    refused += round.refused;
    if (!round.circuitsAwaited || effects.time.now() - startedAt >= LAST_LOOK_MS) break;
    await sleep(CIRCUIT_LOOK_MS, effects);
  }
  return { sent, refused, wasIdle: false };
}

async function sendDue(effects: RelayEffects, startedAt: number) {
  let sent = 0;
  let refused = 0;
  let circuitsAwaited = false;
  for (let round = 0; round < ROUND_LIMIT; round += 1) {
    const taken = await takeDueInstructions(effects.database, TAKE_LIMIT);
    if (taken.nothingWaits) await effects.activity.foundNothing(startedAt);
    circuitsAwaited = taken.circuitsAwaited;
    const messages = taken.due.map((row) => ({
      instructionId: row.instruction_id,
      paymentOrderId: row.payment_order_id,
      operation: row.operation,
      sendNumber: row.send_no,
      correlationId: row.correlation_id,
    }));
    const unsent = await sendAll(messages, effects);
    for (const row of taken.due) if (!unsent.has(row.instruction_id)) effects.sentAgain(row);
    refused += unsent.size;
    sent += messages.length - unsent.size;
    if (taken.due.length < TAKE_LIMIT) break;
  }
  return { sent, refused, circuitsAwaited };
}

function sleep(milliseconds: number, { time }: RelayEffects): Promise<void> {
  return new Promise((resolve) => {
    time.after(milliseconds, resolve);
  });
}

/** @returns the ids of those SQS refused; they come again by the same rule that brought them here */
async function sendAll(
  messages: readonly InstructionMessage[],
  effects: RelayEffects,
): Promise<ReadonlySet<string>> {
  const refused = new Set<string>();
  for (let start = 0; start < messages.length; start += BATCH_LIMIT) {
    for (const id of await effects.queue.send(messages.slice(start, start + BATCH_LIMIT))) refused.add(id);
  }
  return refused;
}
