import {
  markRedriven,
  type PlannedLetter,
  planRedrive,
  registerMovedLetters,
} from '../../adapters/database/statements/redrive-dead-letters.ts';
import { poisonIdOf, registerPoison } from '../../adapters/database/statements/register-poison.ts';
import type { HeldLetter } from '../../adapters/sqs/dead-letter-queue.ts';
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
  plan: readonly PlannedLetter[],
  effects: RedriveEffects,
  options: RedriveOptions,
): Promise<Moved> {
  const judged: Judged = new Map(plan.map((letter) => [letter.dead_letter_id, letter]));
  const kept: HeldLetter[] = [];
  let moved = 0;
  try {
    for (let batch = 0; batch < BATCHES_PER_RUN && options.hasTime(); batch += 1) {
      const letters = await effects.queue.receive(HOLD_SECONDS);
      if (letters.length === 0) break;
      await learnVerdicts(letters, judged, effects, options);
      const free = letters.filter((letter) => judged.get(idOf(letter))?.verdict === 'may_go');
      kept.push(...letters.filter((letter) => !free.includes(letter)));
      const gone = await effects.queue.moveBack(free);
      kept.push(...free.filter((letter) => !gone.includes(letter)));
      await markRedriven(
        effects.database,
        gone.flatMap((letter) => planned(letter, judged)),
        options,
      );
      for (const letter of gone) {
        effects.redriven(idOf(letter), correlationIdOf(letter));
        // Under the same name it is another death from now on, and judged anew.
        judged.delete(idOf(letter));
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

/** By letter: what the plan says of it, or that it has come to its end and waits for nothing. */
type Judged = Map<string, PlannedLetter | { readonly verdict: 'may_go' }>;

function planned(letter: HeldLetter, judged: Judged): readonly PlannedLetter[] {
  const judgement = judged.get(idOf(letter));
  return judgement !== undefined && 'dead_letter_id' in judgement ? [judgement] : [];
}

/** A plan that was made before the letter's last death says nothing of it. */
function isKnown(letter: HeldLetter, judged: Judged): boolean {
  const cycle = letter.attributes.cycle?.StringValue;
  return (
    judged.has(idOf(letter)) &&
    planned(letter, judged).every((plan) => cycle === undefined || cycle === String(plan.cycle))
  );
}

/** What the database doesn't know is registered with a reason, then judged like the others. */
async function learnVerdicts(
  letters: readonly HeldLetter[],
  judged: Judged,
  effects: RedriveEffects,
  options: RedriveOptions,
): Promise<void> {
  const unknown = letters.filter((letter) => !isKnown(letter, judged));
  if (unknown.length === 0) return;
  const named = unknown.flatMap((letter) => {
    const key = keyOf(letter);
    return key === undefined ? [] : [{ key, messageId: letter.messageId }];
  });
  await registerMovedLetters(effects.database, named);
  const poison = unknown.filter((letter) => keyOf(letter) === undefined);
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
  for (const letter of unknown) judged.delete(idOf(letter));
  for (const letter of plan) judged.set(letter.dead_letter_id, letter);
  // Of an instruction that has come to its end, or a body in quarantine: the executor acknowledges it at once.
  for (const letter of unknown) {
    if (!judged.has(idOf(letter)) && plan.length < PLAN_LIMIT)
      judged.set(idOf(letter), { verdict: 'may_go' });
  }
}

async function pause(messages: number, effects: RedriveEffects, options: RedriveOptions): Promise<void> {
  if (messages === 0) return;
  await new Promise<void>((resolve) => {
    effects.time.after((messages * 1000) / options.messagesPerSecond, resolve);
  });
}

async function giveBack(letters: readonly HeldLetter[], effects: RedriveEffects): Promise<void> {
  for (let start = 0; start < letters.length; start += 10) {
    await effects.queue.release(letters.slice(start, start + 10));
  }
}

/** The name of a message among the dead letters: its instruction's, or its body's. */
function idOf(letter: HeldLetter): string {
  return keyOf(letter)?.instructionId ?? poisonIdOf(letter.body);
}

function correlationIdOf(letter: HeldLetter): string | null {
  return letter.attributes[CORRELATION_ATTRIBUTE]?.StringValue ?? null;
}

/** Poison names no instruction: what cannot be read, and what was sent here as poison, without a cycle of its own. */
function keyOf(letter: HeldLetter): InstructionKey | undefined {
  const message = readInstructionMessage(letter.body);
  if (!('key' in message)) return undefined;
  const isMissing = 'reason' in letter.attributes && !('cycle' in letter.attributes);
  return isMissing ? undefined : message.key;
}
