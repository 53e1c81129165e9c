import type { Database } from '../../adapters/database/database.ts';
import {
  type DueInstructions,
  takeDueInstructions,
} from '../../adapters/database/statements/relay-instructions.ts';
import type { WokenInstruction } from '../../adapters/database/statements/wake-instructions.ts';
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
  /** Wakes what early events name. @returns the instructions whose message is to be sent */
  matchEvents(): Promise<readonly WokenInstruction[]>;
  /** The time left in this invocation; the function is killed when it is used up. */
  remainingMilliseconds(): number;
  /** One line per instruction whose message was sent again. */
  sentAgain(instruction: WokenInstruction): void;
}

interface Count {
  sent: number;
  refused: number;
}

export interface RelayReport extends Readonly<Count> {
  readonly wasIdle: boolean;
}

/** The maximum of one statement: its answer stays far below the Data API's 1 MiB, and its locks short. */
const TAKE_LIMIT = 500;
/** Requests to SQS at once: at 20 ms each, 5,000 messages a second. */
const SENDERS = 10;
/** The last batch must still be sent: a statement, which ends after 6 s at the latest, and five sequential requests. */
const RESERVE_MS = 10_000;
/** How often the relay looks while payments wait for a circuit, so that a recovered PSP is not idle for a minute. */
const CIRCUIT_LOOK_MS = 5_000;

/**
 * Sends instructions again that are not terminal and make no progress, and those that were parked and are due, until nothing is
 * due or the invocation's time is over. The instruction table is the transactional outbox: a lost message never strands a payment.
 *
 * Two relays may run concurrently, and each may be killed at any time: what one has taken and not sent becomes due again (rule 10).
 */
export async function relayInstructions(effects: RelayEffects): Promise<RelayReport> {
  if (await effects.activity.isIdle()) return { sent: 0, refused: 0, wasIdle: true };
  const startedAt = effects.time.now();
  const count: Count = { sent: 0, refused: 0 };
  await sendRows(await effects.matchEvents(), effects, count);
  while (hasTime(effects)) {
    const last = await sendAllDue(effects, count);
    if (last.nothingWaits) await effects.activity.foundNothing(startedAt);
    if (!last.circuitsAwaited) break;
    await sleep(CIRCUIT_LOOK_MS, effects);
  }
  return { ...count, wasIdle: false };
}

/** @returns the last take, after which nothing is due or no time is left */
async function sendAllDue(effects: RelayEffects, count: Count): Promise<DueInstructions> {
  for (;;) {
    const taken = await takeDueInstructions(effects.database, TAKE_LIMIT);
    await sendRows(taken.due, effects, count);
    if (taken.due.length < TAKE_LIMIT || !hasTime(effects)) return taken;
  }
}

async function sendRows(
  rows: readonly WokenInstruction[],
  effects: RelayEffects,
  count: Count,
): Promise<void> {
  const refused = await sendAll(rows.map(messageOf), effects.queue);
  for (const row of rows) if (!refused.has(row.instruction_id)) effects.sentAgain(row);
  count.refused += refused.size;
  count.sent += rows.length - refused.size;
}

function hasTime(effects: RelayEffects): boolean {
  return effects.remainingMilliseconds() > RESERVE_MS;
}

function messageOf(row: WokenInstruction): InstructionMessage {
  return {
    instructionId: row.instruction_id,
    groupId: row.group_id,
    operation: row.operation,
    sendNumber: row.send_no,
    correlationId: row.correlation_id,
  };
}

/**
 * If one request fails, the others are still made and awaited.
 *
 * @returns the ids that SQS refused; the same rule makes them due again
 */
async function sendAll(
  messages: readonly InstructionMessage[],
  queue: InstructionSender,
): Promise<ReadonlySet<string>> {
  const batches = Array.from({ length: Math.ceil(messages.length / BATCH_LIMIT) }, (_, index) =>
    messages.slice(index * BATCH_LIMIT, (index + 1) * BATCH_LIMIT),
  );
  const refused = new Set<string>();
  const sendOn = async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift())
      for (const id of await queue.send(batch)) refused.add(id);
  };
  const ended = await Promise.allSettled(Array.from({ length: SENDERS }, sendOn));
  const failed = ended.find((sender) => sender.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return refused;
}

function sleep(milliseconds: number, { time }: RelayEffects): Promise<void> {
  return new Promise((resolve) => {
    time.after(milliseconds, resolve);
  });
}
