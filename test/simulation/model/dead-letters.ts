import type * as z from 'zod/mini';
import type { DatabaseRow } from '../../../adapters/database/database.ts';
import { isNamed } from './claim.ts';
import type { markInput, planInput, poisonInput, registerInput } from './inputs.ts';
import { isTerminalState, type ModelDeadLetter, type ModelInstruction, type ModelState } from './state.ts';

/** As POISON_SQL. */
export function registerPoison(
  state: ModelState,
  { messages }: z.infer<typeof poisonInput>,
  now: number,
): DatabaseRow[] {
  return messages.map((message) => {
    const known = state.deadLetters.get(message.dead_letter_id);
    const isRepeat = known !== undefined && known.messageId === message.message_id;
    const next: ModelDeadLetter = {
      isPoison: true,
      poisonState: known === undefined ? 'waiting' : isRepeat ? known.poisonState : 'quarantined',
      reason: message.reason,
      cycle: 0,
      timesSeen: (known?.timesSeen ?? 0) + (isRepeat ? 0 : 1),
      messageId: message.message_id,
      lastSeenAt: now,
      redrivenAt: known?.redrivenAt ?? null,
    };
    state.deadLetters.set(message.dead_letter_id, next);
    return {
      dead_letter_id: message.dead_letter_id,
      poison_state: next.poisonState === 'closed' ? 'quarantined' : next.poisonState,
    };
  });
}

/** As PLAN_SQL. */
export function plan(state: ModelState, input: z.infer<typeof planInput>, now: number): DatabaseRow[] {
  return [...state.deadLetters]
    .filter(([id, deadLetter]) => stateOf(deadLetter, state.instructions.get(id)) === 'waiting')
    .toSorted(([, one], [, other]) => one.lastSeenAt - other.lastSeenAt)
    .slice(0, input.limit)
    .map(([id, deadLetter]) => {
      const row = state.instructions.get(id);
      return {
        dead_letter_id: id,
        verdict: verdictOf(state, deadLetter, row, input, now),
        reason: deadLetter.reason.slice(0, 500),
        psp: row?.psp ?? null,
        correlation_id: row?.correlationId ?? null,
        cycle: deadLetter.cycle,
        times_seen: deadLetter.timesSeen,
        is_dead_lettered: row?.state === 'dead_lettered',
      };
    });
}

function verdictOf(
  state: ModelState,
  deadLetter: ModelDeadLetter,
  row: ModelInstruction | undefined,
  input: z.infer<typeof planInput>,
  now: number,
): string {
  const reason = input.reason ?? undefined;
  if (reason !== undefined && !deadLetter.reason.toLowerCase().includes(reason.toLowerCase()))
    return 'filtered_out';
  if (input.psp !== undefined && input.psp !== null && row?.psp !== input.psp) return 'filtered_out';
  if (deadLetter.lastSeenAt > now - (input.older_than_seconds ?? 0) * 1000) return 'filtered_out';
  const pauses = ['all', `psp:${row?.psp}`, `merchant:${row?.merchantId}`];
  if (pauses.some((pause) => state.pauses.has(pause))) return 'paused';
  const openUntil = row === undefined ? null : (state.circuits.get(row.psp)?.openUntil ?? null);
  if (openUntil !== null && openUntil > now) return 'circuit_open';
  const rest = input.rest_seconds[Math.min(deadLetter.cycle, input.rest_seconds.length - 1)] ?? 0;
  return deadLetter.lastSeenAt > now - rest * 1000 ? 'too_early' : 'may_go';
}

/** As the view `dead_letter_now`. */
function stateOf(deadLetter: ModelDeadLetter, row: ModelInstruction | undefined): string {
  if (deadLetter.isPoison) {
    if (deadLetter.poisonState === 'closed') return 'resolved';
    if (deadLetter.poisonState === 'waiting') return deadLetter.redrivenAt === null ? 'waiting' : 'redriven';
    return 'quarantined';
  }
  if (row === undefined || isTerminalState(row.state)) return 'resolved';
  if (row.state === 'quarantined') return 'quarantined';
  if (row.state === 'dead_lettered') return deadLetter.redrivenAt === null ? 'waiting' : 'redriven';
  return deadLetter.redrivenAt === null && deadLetter.messageId !== null ? 'waiting' : 'redriven';
}

/** As REGISTER_SQL. */
export function registerMoved(
  state: ModelState,
  { dead_letters: deadLetters, believes_marks: believesMarks }: z.infer<typeof registerInput>,
  now: number,
): DatabaseRow[] {
  const sorted = deadLetters.toSorted((one, other) => (one.message_id < other.message_id ? -1 : 1));
  const registered = new Set<string>();
  for (const { message_id: messageId, ...named } of sorted) {
    const id = named.instruction_id;
    const found = state.instructions.get(id);
    const row = found !== undefined && isNamed(found, named) ? found : undefined;
    // Of several messages of one instruction, the one with the least id.
    if (row === undefined || registered.has(id)) continue;
    registered.add(id);
    const known = state.deadLetters.get(id);
    if (row.state === 'dead_lettered' && known !== undefined && !believesMarks) known.redrivenAt = null;
    if (row.state === 'dead_lettered' || row.state === 'quarantined') continue;
    if (known?.messageId === messageId) continue;
    state.deadLetters.set(id, {
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
  if (row.attemptNo === 0) return 'received too often, never claimed';
  if (row.state === 'ready') {
    return `received too often after attempt ${row.attemptNo}: ${row.reason ?? 'no reason was recorded'}`;
  }
  return 'received too often after it had ended';
}

/** As MARK_SQL. */
export function markRedriven(
  state: ModelState,
  { dead_letters: deadLetters, marks_any: marksAny }: z.infer<typeof markInput>,
  now: number,
): DatabaseRow[] {
  for (const { dead_letter_id: id, times_seen: timesSeen } of deadLetters) {
    const deadLetter = state.deadLetters.get(id);
    if (deadLetter !== undefined && (marksAny || deadLetter.timesSeen === timesSeen))
      deadLetter.redrivenAt ??= now;
  }
  return [];
}
