import type { Database } from '../../adapters/database/database.ts';
import type { Operator } from '../../adapters/database/statements/operation-log.ts';
import {
  markRedriven,
  type PlannedDeadLetter,
  planRedrive,
  type RedriveFilter,
  type RedriveVerdict,
} from '../../adapters/database/statements/redrive-dead-letters.ts';
import type { ConsumedMessages } from '../../adapters/dynamodb/consumed-messages.ts';
import type { DeadLetterQueue } from '../../adapters/sqs/dead-letter-queue.ts';
import type { Time } from '../../adapters/time.ts';
import { moveSingly } from './move-singly.ts';

export interface RedriveEffects {
  readonly database: Database;
  readonly consumed: Pick<ConsumedMessages, 'find'>;
  readonly queue: DeadLetterQueue;
  readonly time: Time;
  /** Told after each batch that was moved singly. */
  progress(moved: number, kept: number): void;
  /** One line per dead letter that went back. */
  redriven(deadLetterId: string, correlationId: string | null): void;
}

export interface RedriveOptions extends Operator {
  readonly messagesPerSecond: number;
  readonly filter: RedriveFilter;
  /** An operator's word stands for the rest that a dead letter would take by itself. */
  readonly skipsRest: boolean;
  readonly dryRun: boolean;
  /** Whether another batch may begin; a function has a time-out. */
  hasTime(): boolean;
}

export type RedriveReport =
  | { readonly kind: 'empty' }
  /** A move task runs already; one at a time is all SQS allows. */
  | { readonly kind: 'moving'; readonly moved: number; readonly toMove: number | undefined }
  /** All that lies there is known, and none of it may go yet. */
  | { readonly kind: 'none_may_go'; readonly messages: number; readonly verdicts: Verdicts }
  | { readonly kind: 'planned'; readonly messages: number; readonly verdicts: Verdicts }
  | { readonly kind: 'started'; readonly messages: number; readonly verdicts: Verdicts }
  | {
      readonly kind: 'moved_singly';
      readonly moved: number;
      readonly kept: number;
      readonly verdicts: Verdicts;
    };

export type Verdicts = Readonly<Partial<Record<RedriveVerdict, number>>>;

/**
 * How long a dead letter rests, by its cycle. What was redriven and died again is likely to die a third time: the second
 * trip waits as long as most outages last, the third as long as it takes somebody to look.
 */
export const REST_SECONDS = [0, 300, 1_200] as const;
/** One plan holds so many dead letters; its answer stays below the Data API's 1 MiB. The rest is the next run's. */
export const PLAN_LIMIT = 1_000;

/**
 * Sends dead letters back to the main queue, and looks before it leaps: no move task runs, the queue holds something,
 * database and table answer, and neither circuit, pause nor rest keeps what lies there. All of it goes by a move task;
 * where only part of it may go, that part is moved singly.
 */
export async function redriveDeadLetters(
  effects: RedriveEffects,
  options: RedriveOptions,
): Promise<RedriveReport> {
  const [latest] = await effects.queue.moveTasks();
  if (latest?.status === 'RUNNING') return { kind: 'moving', moved: latest.moved, toMove: latest.toMove };
  const { visible, held } = await effects.queue.count();
  if (visible === 0) return { kind: 'empty' };
  const plan = await look(effects, options);
  const verdicts = countVerdicts(plan);
  if (options.dryRun) return { kind: 'planned', messages: visible, verdicts };
  if (plan.length >= visible && plan.every(({ verdict }) => verdict !== 'may_go')) {
    return { kind: 'none_may_go', messages: visible, verdicts };
  }
  if (held === 0 && mayAllGo(plan, visible)) {
    await effects.queue.startMove(options.messagesPerSecond);
    await markRedriven(effects.database, plan, options);
    for (const deadLetter of plan) effects.redriven(deadLetter.dead_letter_id, deadLetter.correlation_id);
    return { kind: 'started', messages: visible, verdicts };
  }
  return { kind: 'moved_singly', ...(await moveSingly(plan, effects, options)), verdicts };
}

/** Both stores that the executor will need answer, or this throws and the next run tries again. */
async function look(effects: RedriveEffects, options: RedriveOptions): Promise<readonly PlannedDeadLetter[]> {
  await effects.consumed.find(['redrive-looks']);
  return planRedrive(effects.database, {
    restSeconds: options.skipsRest ? [0] : REST_SECONDS,
    filter: options.filter,
    limit: PLAN_LIMIT,
  });
}

/** Every message in the queue is known by a dead letter of its own, and each of them may go. */
function mayAllGo(plan: readonly PlannedDeadLetter[], messages: number): boolean {
  return (
    plan.length === messages && plan.length < PLAN_LIMIT && plan.every(({ verdict }) => verdict === 'may_go')
  );
}

function countVerdicts(plan: readonly PlannedDeadLetter[]): Verdicts {
  const counts: Partial<Record<RedriveVerdict, number>> = {};
  for (const { verdict } of plan) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}
