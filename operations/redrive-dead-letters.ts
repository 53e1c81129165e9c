import type { Database } from '../adapters/database/database.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import {
  markRedriven,
  type PlannedDeadLetter,
  planRedrive,
  type RedriveFilter,
  type RedriveVerdict,
  registerMovedDeadLetters,
} from '../adapters/database/statements/redrive-dead-letters.ts';
import {
  POISON_LIMIT_BYTES,
  poisonIdOf,
  registerPoison,
} from '../adapters/database/statements/register-poison.ts';
import type { ConsumedMessages } from '../adapters/dynamodb/consumed-messages.ts';
import { inParts } from '../adapters/in-parts.ts';
import type { DeadLetterQueue, ReceivedDeadLetter } from '../adapters/sqs/dead-letter-queue.ts';
import { readInstructionMessage } from '../adapters/sqs/instruction-message.ts';
import { CORRELATION_ATTRIBUTE } from '../adapters/sqs/instruction-queue.ts';
import type { Time } from '../adapters/time.ts';
import type { InstructionKey } from '../domain/payment/instruction.ts';

export interface RedriveEffects {
  readonly database: Database;
  readonly consumed: Pick<ConsumedMessages, 'find'>;
  readonly queue: DeadLetterQueue;
  readonly time: Time;
  /** Called after each batch. */
  progress(moved: number, kept: number): void;
  /** Called once per dead letter that went back. */
  redriven(deadLetterId: string, correlationId: string | null): void;
}

export interface RedriveOptions extends Operator {
  readonly messagesPerSecond: number;
  readonly filter: RedriveFilter;
  /** An operator's redrive does not wait for `REST_SECONDS`. */
  readonly skipsRest: boolean;
  readonly dryRun: boolean;
  /** Whether there is time for another batch before the function's time-out. */
  hasTime(): boolean;
}

export type RedriveReport =
  | { readonly kind: 'empty' }
  /** Every message in the queue is known, and none may go back yet. */
  | { readonly kind: 'none_may_go'; readonly messages: number; readonly verdicts: Verdicts }
  | { readonly kind: 'planned'; readonly messages: number; readonly verdicts: Verdicts }
  | { readonly kind: 'moved'; readonly moved: number; readonly kept: number; readonly verdicts: Verdicts };

export type Verdicts = Readonly<Partial<Record<RedriveVerdict, number>>>;

/**
 * How long a dead letter waits before an automatic redrive, by its cycle. One that failed again after a redrive is likely to
 * fail a third time: the second redrive waits as long as most outages last, the third until somebody could have looked.
 */
export const REST_SECONDS = [0, 300, 1_200] as const;
/** One plan covers this many dead letters, which keeps the answer below the Data API's 1 MiB. Others are planned batch by batch. */
const PLAN_LIMIT = 1_000;
/** Longer than one run of the function: a message that is kept is not received twice in one run. */
const RECEIVE_SECONDS = 120;
/** A hundred thousand messages; the next run takes the others. */
const BATCHES_PER_RUN = 10_000;

/**
 * Sends dead letters back to the main queue. It first checks that the queue is not empty, that the database and the table
 * answer, and that circuits, pauses and waiting times do not keep all dead letters. Then it receives batch by batch: dead
 * letters that may go are sent to the main queue and deleted; the others are made visible again at the end.
 *
 * A message that SQS moved by itself, after too many receives, has no plan: `withUnknown` registers it with a derived reason.
 *
 * SQS's own move task is not used: it moves everything or nothing, and reports what it moved only afterwards.
 */
export async function redriveDeadLetters(
  effects: RedriveEffects,
  options: RedriveOptions,
): Promise<RedriveReport> {
  const { visible: messages } = await effects.queue.count();
  if (messages === 0) return { kind: 'empty' };
  // If either store that the executor needs does not answer, this throws, and the next run tries again.
  await effects.consumed.find(['redrive-looks']);
  const plan = await planOf(effects, options);
  const verdicts = countVerdicts(plan);
  if (options.dryRun) return { kind: 'planned', messages, verdicts };
  if (plan.length >= messages && plan.every(({ verdict }) => verdict !== 'may_go')) {
    return { kind: 'none_may_go', messages, verdicts };
  }
  return { kind: 'moved', ...(await moveWhatMayGo(plan, effects, options)), verdicts };
}

function planOf(effects: RedriveEffects, options: RedriveOptions): Promise<readonly PlannedDeadLetter[]> {
  return planRedrive(effects.database, {
    restSeconds: options.skipsRest ? [0] : REST_SECONDS,
    filter: options.filter,
    limit: PLAN_LIMIT,
  });
}

function countVerdicts(plan: readonly PlannedDeadLetter[]): Verdicts {
  const counts: Partial<Record<RedriveVerdict, number>> = {};
  for (const { verdict } of plan) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

/** The plan of each dead letter, by id; `may_go` without a plan if its instruction has ended. */
type Plans = ReadonlyMap<string, PlannedDeadLetter | { readonly verdict: 'may_go' }>;

async function moveWhatMayGo(
  plan: readonly PlannedDeadLetter[],
  effects: RedriveEffects,
  options: RedriveOptions,
): Promise<{ readonly moved: number; readonly kept: number }> {
  let plans: Plans = new Map(plan.map((one) => [one.dead_letter_id, one]));
  const kept: ReceivedDeadLetter[] = [];
  let moved = 0;
  try {
    for (let batch = 0; batch < BATCHES_PER_RUN && options.hasTime(); batch += 1) {
      const received = await effects.queue.receive(RECEIVE_SECONDS);
      if (received.length === 0) break;
      plans = await withUnknown(received, plans, effects, options);
      const gone = await moveBatch(received, plans, effects, options);
      kept.push(...received.filter((deadLetter) => !gone.includes(deadLetter)));
      // If it comes back under the same id, it failed again and needs a new plan.
      plans = without(plans, gone);
      moved += gone.length;
      effects.progress(moved, kept.length);
      await keepToRate(gone.length, effects, options);
    }
  } finally {
    await giveBack(kept, effects);
  }
  return { moved, kept: kept.length };
}

/** @returns those that were sent back; they are marked afterwards, and only if they did not fail again since the plan */
async function moveBatch(
  received: readonly ReceivedDeadLetter[],
  plans: Plans,
  effects: RedriveEffects,
  options: RedriveOptions,
): Promise<readonly ReceivedDeadLetter[]> {
  const mayGo = received.filter((deadLetter) => plans.get(idOf(deadLetter))?.verdict === 'may_go');
  const gone = await effects.queue.moveBack(mayGo);
  const planned = gone.flatMap((deadLetter) => plannedOf(deadLetter, plans) ?? []);
  await markRedriven(effects.database, planned, options);
  for (const deadLetter of gone) effects.redriven(idOf(deadLetter), correlationIdOf(deadLetter));
  return gone;
}

function plannedOf(deadLetter: ReceivedDeadLetter, plans: Plans): PlannedDeadLetter | undefined {
  const plan = plans.get(idOf(deadLetter));
  return plan !== undefined && 'dead_letter_id' in plan ? plan : undefined;
}

/**
 * Whether the plan is about this dead letter, and not about an earlier one: one of another cycle, or a message that SQS
 * moved before the instruction was dead-lettered in the same cycle.
 */
function isPlanned(deadLetter: ReceivedDeadLetter, plans: Plans): boolean {
  const cycle = deadLetter.attributes.cycle?.StringValue;
  const plan = plannedOf(deadLetter, plans);
  if (plan === undefined || cycle === undefined) return plans.has(idOf(deadLetter));
  return plan.is_dead_lettered && cycle === String(plan.cycle);
}

/** @returns the plans, completed: dead letters that the database doesn't know are registered with a reason and planned */
async function withUnknown(
  received: readonly ReceivedDeadLetter[],
  plans: Plans,
  effects: RedriveEffects,
  options: RedriveOptions,
): Promise<Plans> {
  const unknown = received.filter((deadLetter) => !isPlanned(deadLetter, plans));
  if (unknown.length === 0) return plans;
  await register(unknown, effects);
  const fresh = await planOf(effects, options);
  const known = new Map(without(plans, unknown));
  for (const one of fresh) known.set(one.dead_letter_id, one);
  // Without a plan, its instruction has ended or its body is in quarantine: the executor acknowledges it at once.
  for (const deadLetter of unknown) {
    if (!known.has(idOf(deadLetter)) && fresh.length < PLAN_LIMIT) {
      known.set(idOf(deadLetter), { verdict: 'may_go' });
    }
  }
  return known;
}

async function register(unknown: readonly ReceivedDeadLetter[], effects: RedriveEffects): Promise<void> {
  const named = unknown.flatMap((deadLetter) => {
    const key = keyOf(deadLetter);
    return key === undefined ? [] : [{ key, messageId: deadLetter.messageId }];
  });
  await registerMovedDeadLetters(effects.database, named);
  const poison = unknown.filter((deadLetter) => keyOf(deadLetter) === undefined);
  for (const part of inParts(poison, ({ body }) => Buffer.byteLength(body), POISON_LIMIT_BYTES)) {
    await registerPoison(
      effects.database,
      part.map(({ body, messageId, attributes }) => ({
        body,
        messageId,
        reason: attributes.reason?.StringValue ?? 'received too often, never read',
      })),
    );
  }
}

function without(plans: Plans, deadLetters: readonly ReceivedDeadLetter[]): Plans {
  const ids = new Set(deadLetters.map(idOf));
  return new Map([...plans].filter(([id]) => !ids.has(id)));
}

async function keepToRate(moved: number, { time }: RedriveEffects, options: RedriveOptions): Promise<void> {
  if (moved === 0) return;
  await new Promise<void>((resolve) => {
    time.after((moved * 1000) / options.messagesPerSecond, resolve);
  });
}

async function giveBack(kept: readonly ReceivedDeadLetter[], { queue }: RedriveEffects): Promise<void> {
  for (let start = 0; start < kept.length; start += 10) await queue.release(kept.slice(start, start + 10));
}

/** A message's dead-letter id: its instruction's id, or the hash of its body. */
function idOf(deadLetter: ReceivedDeadLetter): string {
  return keyOf(deadLetter)?.instructionId ?? poisonIdOf(deadLetter.body);
}

function correlationIdOf(deadLetter: ReceivedDeadLetter): string | null {
  return deadLetter.attributes[CORRELATION_ATTRIBUTE]?.StringValue ?? null;
}

/** Undefined for poison: a body that can't be read, or one that was sent here with a reason but without a cycle. */
function keyOf(deadLetter: ReceivedDeadLetter): InstructionKey | undefined {
  const message = readInstructionMessage(deadLetter.body);
  if (!('key' in message)) return undefined;
  const isMissing = 'reason' in deadLetter.attributes && !('cycle' in deadLetter.attributes);
  return isMissing ? undefined : message.key;
}
