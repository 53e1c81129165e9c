import type * as z from 'zod/mini';
import type { DatabaseRow } from '../../../adapters/database/database.ts';
import { isNamed } from './claim.ts';
import type { markInput, planInput, poisonInput, registerInput } from './inputs.ts';
import { isTerminalState, type ModelInstruction, type ModelLetter, type ModelState } from './state.ts';

/** As POISON_SQL. */
export function registerPoison(
  state: ModelState,
  { messages }: z.infer<typeof poisonInput>,
  now: number,
): DatabaseRow[] {
  return messages.map((message) => {
    const known = state.letters.get(message.dead_letter_id);
    const isRepeat = known !== undefined && known.messageId === message.message_id;
    const next: ModelLetter = {
      isPoison: true,
      poisonState: known === undefined ? 'waiting' : isRepeat ? known.poisonState : 'quarantined',
      reason: message.reason,
      cycle: 0,
      timesSeen: (known?.timesSeen ?? 0) + (isRepeat ? 0 : 1),
      messageId: message.message_id,
      lastSeenAt: now,
      redrivenAt: known?.redrivenAt ?? null,
    };
    state.letters.set(message.dead_letter_id, next);
    return {
      dead_letter_id: message.dead_letter_id,
      poison_state: next.poisonState === 'closed' ? 'quarantined' : next.poisonState,
    };
  });
}

/** As PLAN_SQL. */
export function plan(state: ModelState, input: z.infer<typeof planInput>, now: number): DatabaseRow[] {
  return [...state.letters]
    .filter(([id, letter]) => stateOf(letter, state.instructions.get(id)) === 'waiting')
    .toSorted(([, one], [, other]) => one.lastSeenAt - other.lastSeenAt)
    .slice(0, input.limit)
    .map(([id, letter]) => {
      const row = state.instructions.get(id);
      return {
        dead_letter_id: id,
        verdict: verdictOf(state, letter, row, input, now),
        reason: letter.reason.slice(0, 500),
        psp: row?.psp ?? null,
        correlation_id: row?.correlationId ?? null,
        cycle: letter.cycle,
        times_seen: letter.timesSeen,
      };
    });
}

function verdictOf(
  state: ModelState,
  letter: ModelLetter,
  row: ModelInstruction | undefined,
  input: z.infer<typeof planInput>,
  now: number,
): string {
  const reason = input.reason ?? undefined;
  if (reason !== undefined && !letter.reason.toLowerCase().includes(reason.toLowerCase()))
    return 'filtered_out';
  if (input.psp !== undefined && input.psp !== null && row?.psp !== input.psp) return 'filtered_out';
  if (letter.lastSeenAt > now - (input.older_than_seconds ?? 0) * 1000) return 'filtered_out';
  const holds = ['all', `psp:${row?.psp}`, `merchant:${row?.merchantId}`];
  if (holds.some((hold) => state.holds.has(hold))) return 'paused';
  const openUntil = row === undefined ? null : (state.circuits.get(row.psp)?.openUntil ?? null);
  if (openUntil !== null && openUntil > now) return 'circuit_open';
  const rest = input.rest_seconds[Math.min(letter.cycle, input.rest_seconds.length - 1)] ?? 0;
  return letter.lastSeenAt > now - rest * 1000 ? 'too_early' : 'may_go';
}

/** As the view `dead_letter_now`. */
function stateOf(letter: ModelLetter, row: ModelInstruction | undefined): string {
  if (letter.isPoison) {
    if (letter.poisonState === 'closed') return 'settled';
    if (letter.poisonState === 'waiting') return letter.redrivenAt === null ? 'waiting' : 'redriven';
    return 'quarantined';
  }
  if (row === undefined || isTerminalState(row.state)) return 'settled';
  if (row.state === 'quarantined') return 'quarantined';
  if (row.state === 'dead_lettered') return letter.redrivenAt === null ? 'waiting' : 'redriven';
  return letter.redrivenAt === null && letter.messageId !== null ? 'waiting' : 'redriven';
}

/** As REGISTER_SQL. */
export function registerMoved(
  state: ModelState,
  { letters, believes_marks: believesMarks }: z.infer<typeof registerInput>,
  now: number,
): DatabaseRow[] {
  for (const { message_id: messageId, ...named } of letters) {
    const id = named.instruction_id;
    const found = state.instructions.get(id);
    const row = found !== undefined && isNamed(found, named) ? found : undefined;
    const known = state.letters.get(id);
    if (row?.state === 'dead_lettered' && known !== undefined && !believesMarks) known.redrivenAt = null;
    if (row === undefined || row.state === 'dead_lettered' || row.state === 'quarantined') continue;
    if (known?.messageId === messageId) continue;
    state.letters.set(id, {
      isPoison: false,
      poisonState: null,
      reason: movedReason(row),
      cycle: row.cycle,
      timesSeen: (known?.timesSeen ?? 0) + 1,
      messageId,
      lastSeenAt: now,
      redrivenAt: null,
    });
  }
  return [];
}

function movedReason(row: ModelInstruction): string {
  if (row.state === 'executing') return `attempt ${row.attemptNo} started, never finished`;
  if (row.attemptNo === 0) return 'received again and again, never claimed';
  if (row.state === 'ready') {
    return `received again and again after attempt ${row.attemptNo}: ${row.reason ?? 'no reason was recorded'}`;
  }
  return 'received again and again after it had come to its end';
}

/** As MARK_SQL. */
export function markRedriven(
  state: ModelState,
  { letters, marks_any: marksAny }: z.infer<typeof markInput>,
  now: number,
): DatabaseRow[] {
  for (const { dead_letter_id: id, times_seen: timesSeen } of letters) {
    const letter = state.letters.get(id);
    if (letter !== undefined && (marksAny || letter.timesSeen === timesSeen)) letter.redrivenAt ??= now;
  }
  return [];
}
