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
import { poisonIdOf, registerPoison } from '../adapters/database/statements/register-poison.ts';
import type { ConsumedMessages } from '../adapters/dynamodb/consumed-messages.ts';
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
  /** An operator need not wait for the rest that a dead letter takes before it goes back by itself. */
  readonly skipsRest: boolean;
  readonly dryRun: boolean;
  /** Whether another batch may begin; a function has a time-out. */
  hasTime(): boolean;
}

export type RedriveReport =
  | { readonly kind: 'empty' }
  /** All that lies in the queue is known, and none of it may go yet. */
  | { readonly kind: 'none_may_go'; readonly messages: number; readonly verdicts: Verdicts }
  | { readonly kind: 'planned'; readonly messages: number; readonly verdicts: Verdicts }
  | { readonly kind: 'moved'; readonly moved: number; readonly kept: number; readonly verdicts: Verdicts };

export type Verdicts = Readonly<Partial<Record<RedriveVerdict, number>>>;

/**
 * How long a dead letter rests, by its cycle. What was redriven and died again is likely to die a third time: the second
 * trip waits as long as most outages last, the third as long as it takes somebody to look.
 */
export const REST_SECONDS = [0, 300, 1_200] as const;
/** One plan holds so many dead letters; its answer stays below the Data API's 1 MiB. The rest is learnt batch by batch. */
const PLAN_LIMIT = 1_000;
/** Longer than one run of the function: what is kept is not received again in the same run. */
const RECEIVE_SECONDS = 120;
/** A hundred thousand messages: more is another run's. */
const BATCHES_PER_RUN = 10_000;

/**
 * Sends dead letters back to the main queue. First it checks that the queue holds something, that database and table
 * answer, and that neither circuit, pause nor rest keeps all of it. Then it receives batch by batch: what may go is sent
 * and deleted, the rest is given back at the end.
 *
 * SQS's own move task is not used: it moves everything or nothing, and what it moved is known only afterwards.
 */
export async function redriveDeadLetters(
  effects: RedriveEffects,
  options: RedriveOptions,
): Promise<RedriveReport> {
  const { visible: messages } = await effects.queue.count();
  if (messages === 0) return { kind: 'empty' };
  // Both stores that the executor will need answer, or this throws and the next run tries again.
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

/** By dead letter: its plan, or that its instruction has ended and nothing keeps its message. */
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
      // Under the same id it is another death from now on, and planned anew.
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

/** @returns those that went back; noted afterwards, and only of the death that was planned */
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

/** A plan that was made before the dead letter's last death says nothing about it. */
function isPlanned(deadLetter: ReceivedDeadLetter, plans: Plans): boolean {
  const cycle = deadLetter.attributes.cycle?.StringValue;
  const plan = plannedOf(deadLetter, plans);
  return (
    plans.has(idOf(deadLetter)) && (plan === undefined || cycle === undefined || cycle === String(plan.cycle))
  );
}

/** @returns the plans, with those that were missing: what the database doesn't know is registered with a reason first */
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
  // Its instruction has ended, or its body is in quarantine: the executor acknowledges it at once.
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
  if (poison.length === 0) return;
  await registerPoison(
    effects.database,
    poison.map(({ body, messageId, attributes }) => ({
      body,
      messageId,
      reason: attributes.reason?.StringValue ?? 'received again and again, never read',
    })),
  );
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

/** The id of a message among the dead letters: its instruction's, or its body's. */
function idOf(deadLetter: ReceivedDeadLetter): string {
  return keyOf(deadLetter)?.instructionId ?? poisonIdOf(deadLetter.body);
}

function correlationIdOf(deadLetter: ReceivedDeadLetter): string | null {
  return deadLetter.attributes[CORRELATION_ATTRIBUTE]?.StringValue ?? null;
}

/** Poison names no instruction: what cannot be read, and what was sent here as poison, without a cycle of its own. */
function keyOf(deadLetter: ReceivedDeadLetter): InstructionKey | undefined {
  const message = readInstructionMessage(deadLetter.body);
  if (!('key' in message)) return undefined;
  const isMissing = 'reason' in deadLetter.attributes && !('cycle' in deadLetter.attributes);
  return isMissing ? undefined : message.key;
}
