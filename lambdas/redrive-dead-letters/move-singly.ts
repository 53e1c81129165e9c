import {
  markRedriven,
  type PlannedDeadLetter,
  planRedrive,
  registerMovedDeadLetters,
} from '../../adapters/database/statements/redrive-dead-letters.ts';
import { poisonIdOf, registerPoison } from '../../adapters/database/statements/register-poison.ts';
import type { ReceivedDeadLetter } from '../../adapters/sqs/dead-letter-queue.ts';
import { readInstructionMessage } from '../../adapters/sqs/instruction-message.ts';
import { CORRELATION_ATTRIBUTE } from '../../adapters/sqs/instruction-queue.ts';
import type { InstructionKey } from '../../domain/payment/instruction.ts';
import { PLAN_LIMIT, REST_SECONDS, type RedriveEffects, type RedriveOptions } from './redrive.ts';

/** Longer than one run of the function: what is kept must not come round again in the same run. */
const HOLD_SECONDS = 120;
/** One run looks at so many messages; the schedule brings the next. */
const BATCHES_PER_RUN = 100;

export interface Moved {
  readonly moved: number;
  readonly kept: number;
}

/** Looks at each message in the queue by itself: those that may go are sent and deleted, the others given back. */
export async function moveSingly(
  plan: readonly PlannedDeadLetter[],
  effects: RedriveEffects,
  options: RedriveOptions,
): Promise<Moved> {
  const judged: Judged = new Map(plan.map((deadLetter) => [deadLetter.dead_letter_id, deadLetter]));
  const kept: ReceivedDeadLetter[] = [];
  let moved = 0;
  try {
    for (let batch = 0; batch < BATCHES_PER_RUN && options.hasTime(); batch += 1) {
      const deadLetters = await effects.queue.receive(HOLD_SECONDS);
      if (deadLetters.length === 0) break;
      await learnVerdicts(deadLetters, judged, effects, options);
      const free = deadLetters.filter((deadLetter) => judged.get(idOf(deadLetter))?.verdict === 'may_go');
      kept.push(...deadLetters.filter((deadLetter) => !free.includes(deadLetter)));
      const gone = await effects.queue.moveBack(free);
      kept.push(...free.filter((deadLetter) => !gone.includes(deadLetter)));
      await markRedriven(
        effects.database,
        gone.flatMap((deadLetter) => planned(deadLetter, judged)),
        options,
      );
      for (const deadLetter of gone) {
        effects.redriven(idOf(deadLetter), correlationIdOf(deadLetter));
        // Under the same name it is another death from now on, and judged anew.
        judged.delete(idOf(deadLetter));
      }
      moved += gone.length;
      effects.progress(moved, kept.length);
      await pause(gone.length, effects, options);
    }
  } finally {
    await giveBack(kept, effects);
  }
  return { moved, kept: kept.length };
}

/** By dead letter: what the plan says of it, or that it has come to its end and waits for nothing. */
type Judged = Map<string, PlannedDeadLetter | { readonly verdict: 'may_go' }>;

function planned(deadLetter: ReceivedDeadLetter, judged: Judged): readonly PlannedDeadLetter[] {
  const transition = judged.get(idOf(deadLetter));
  return transition !== undefined && 'dead_letter_id' in transition ? [transition] : [];
}

/** A plan that was made before the dead letter's last death says nothing of it. */
function isKnown(deadLetter: ReceivedDeadLetter, judged: Judged): boolean {
  const cycle = deadLetter.attributes.cycle?.StringValue;
  return (
    judged.has(idOf(deadLetter)) &&
    planned(deadLetter, judged).every((plan) => cycle === undefined || cycle === String(plan.cycle))
  );
}

/** What the database doesn't know is registered with a reason, then judged like the others. */
async function learnVerdicts(
  deadLetters: readonly ReceivedDeadLetter[],
  judged: Judged,
  effects: RedriveEffects,
  options: RedriveOptions,
): Promise<void> {
  const unknown = deadLetters.filter((deadLetter) => !isKnown(deadLetter, judged));
  if (unknown.length === 0) return;
  const named = unknown.flatMap((deadLetter) => {
    const key = keyOf(deadLetter);
    return key === undefined ? [] : [{ key, messageId: deadLetter.messageId }];
  });
  await registerMovedDeadLetters(effects.database, named);
  const poison = unknown.filter((deadLetter) => keyOf(deadLetter) === undefined);
  if (poison.length > 0) {
    await registerPoison(
      effects.database,
      poison.map(({ body, messageId, attributes }) => ({
        body,
        messageId,
        reason: attributes.reason?.StringValue ?? 'received again and again, never read',
      })),
    );
  }
  const plan = await planRedrive(effects.database, {
    restSeconds: options.skipsRest ? [0] : REST_SECONDS,
    filter: options.filter,
    limit: PLAN_LIMIT,
  });
  for (const deadLetter of unknown) judged.delete(idOf(deadLetter));
  for (const deadLetter of plan) judged.set(deadLetter.dead_letter_id, deadLetter);
  // Of an instruction that has come to its end, or a body in quarantine: the executor acknowledges it at once.
  for (const deadLetter of unknown) {
    if (!judged.has(idOf(deadLetter)) && plan.length < PLAN_LIMIT)
      judged.set(idOf(deadLetter), { verdict: 'may_go' });
  }
}

async function pause(messages: number, effects: RedriveEffects, options: RedriveOptions): Promise<void> {
  if (messages === 0) return;
  await new Promise<void>((resolve) => {
    effects.time.after((messages * 1000) / options.messagesPerSecond, resolve);
  });
}

async function giveBack(deadLetters: readonly ReceivedDeadLetter[], effects: RedriveEffects): Promise<void> {
  for (let start = 0; start < deadLetters.length; start += 10) {
    await effects.queue.release(deadLetters.slice(start, start + 10));
  }
}

/** The name of a message among the dead letters: its instruction's, or its body's. */
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
