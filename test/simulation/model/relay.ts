import { createHash } from 'node:crypto';
import type { DatabaseRow } from '../../../adapters/database/database.ts';
import { nextSlotOf, roomOf, spacingOf } from './limiter.ts';
import { type ModelInstruction, type ModelState, relayDueAt } from './state.ts';

const MINUTE = 60_000;

/** As RELAY_SQL. */
export function relay(
  state: ModelState,
  { limit, probes }: { readonly limit: number; readonly probes: number },
  now: number,
): DatabaseRow[] {
  const rows = [...state.instructions.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const over = causesThatAreOver(state, rows, now);
  const probing = over.flatMap(({ group, isHalfOpen }) => (isHalfOpen ? drawn(group, probes, now) : []));
  const slots = withSlots(state, over, limit, now);
  const freed = [...slots.keys()];
  const late = overdue(rows, now);
  const [parked, lost] = [late.filter((row) => row.parked), late.filter((row) => !row.parked)];
  const due = [...probing, ...alternating(freed, parked, lost)].slice(0, limit);
  const isAll = due.length < limit;
  const causes = new Set([
    ...[...state.circuits.keys()].map((psp) => `circuit:${psp}`),
    ...[...state.limiters.keys()].map((psp) => `rate:${psp}`),
  ]);
  const awaited = isAll && rows.some(({ waitsFor }) => waitsFor !== null && causes.has(waitsFor));
  const nothing = isAll && rows.every((row) => relayDueAt(row) === null && row.waitsFor === null);
  const sent = due.map((row) => send(row, slots.get(row) ?? null, now));
  return [
    ...sent,
    ...(awaited ? [{ kind: 'circuits_awaited' }] : []),
    ...(nothing ? [{ kind: 'nothing_waits' }] : []),
  ];
}

interface Cause {
  /** Those that wait for it. */
  readonly group: readonly ModelInstruction[];
  /** Whose circuit or rate it is; undefined for a pause. */
  readonly psp: string | undefined;
  readonly isHalfOpen: boolean;
}

/** What is waited for and is over, in the order of the names. */
function causesThatAreOver(
  state: ModelState,
  rows: readonly ModelInstruction[],
  now: number,
): readonly Cause[] {
  const groups = Map.groupBy(rows, (row) => row.waitsFor);
  return [...groups]
    .flatMap(([waitsFor, group]) => (waitsFor === null ? [] : [{ waitsFor, group }]))
    .toSorted((one, other) => (one.waitsFor < other.waitsFor ? -1 : 1))
    .flatMap(({ waitsFor, group }) => {
      if (waitsFor.startsWith('pause:') && state.pauses.has(waitsFor.slice('pause:'.length))) return [];
      const circuit = waitsFor.startsWith('circuit:')
        ? state.circuits.get(waitsFor.slice('circuit:'.length))
        : undefined;
      const openUntil = circuit?.openUntil ?? null;
      if (openUntil !== null && (openUntil > now || (circuit?.probeUntil ?? 0) > now)) return [];
      const psp = waitsFor.startsWith('pause:') ? undefined : waitsFor.slice(waitsFor.indexOf(':') + 1);
      return [{ group, psp, isHalfOpen: openUntil !== null }];
    });
}

/** Those whose cause is over, with their slots; where their PSP's rate is known, no more than there are slots for soon. */
function withSlots(
  state: ModelState,
  over: readonly Cause[],
  limit: number,
  now: number,
): ReadonlyMap<ModelInstruction, number | null> {
  const limiterOf = (psp: string | undefined) => {
    const limiter = state.limiters.get(psp ?? '');
    return limiter !== undefined && spacingOf(limiter, now) > 0 ? limiter : undefined;
  };
  const freed = over
    .flatMap(({ group, psp, isHalfOpen }) => {
      if (isHalfOpen) return [];
      const limiter = limiterOf(psp);
      const room = limiter === undefined ? limit : Math.min(limit, roomOf(limiter, now));
      return group.slice(0, room).map((row) => ({ row, psp }));
    })
    .slice(0, limit);
  const slots = new Map<ModelInstruction, number | null>();
  for (const [psp, ofPsp] of Map.groupBy(freed, (each) => each.psp)) {
    const limiter = limiterOf(psp);
    if (psp === undefined || limiter === undefined) {
      for (const { row } of ofPsp) slots.set(row, null);
      continue;
    }
    const [room, nextSlot, spacing] = [
      roomOf(limiter, now),
      nextSlotOf(limiter, now),
      spacingOf(limiter, now),
    ];
    let calls = 0;
    for (const { row } of ofPsp.toSorted((one, other) => (one.row.id < other.row.id ? -1 : 1))) {
      if (calls < room) slots.set(row, nextSlot + calls * spacing);
      calls += row.attemptsNotSent < row.attemptNo ? 2 : 1;
    }
    state.limiters.set(psp, { ...limiter, nextCallAt: nextSlot + Math.min(calls, room) * spacing });
  }
  return slots;
}

/** As the statement draws: those that follow a place in the order of hashes, then from the beginning. */
function drawn(group: readonly ModelInstruction[], count: number, now: number): readonly ModelInstruction[] {
  const inOrder = group.toSorted((one, other) => (md5(one.id) < md5(other.id) ? -1 : 1));
  const first = inOrder.findIndex((row) => md5(row.id) >= md5(textOf(now)));
  const place = first === -1 ? 0 : first;
  return [...inOrder.slice(place), ...inOrder.slice(0, place)].slice(0, count);
}

/** One of each, then the next of each: neither kind keeps another waiting. */
function alternating<T>(...kinds: readonly (readonly T[])[]): readonly T[] {
  const longest = Math.max(...kinds.map((kind) => kind.length));
  return Array.from({ length: longest }, (_, place) =>
    kinds.flatMap((kind) => kind.slice(place, place + 1)),
  ).flat();
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

/** As PostgreSQL writes a timestamp in UTC: fractions only as far as they go. */
function textOf(now: number): string {
  const [date, time = ''] = new Date(now).toISOString().replace('Z', '').split('T');
  const short = time.includes('.') ? time.replace(/\.?0+$/, '') : time;
  return `${date} ${short}+00`;
}

function overdue(rows: readonly ModelInstruction[], now: number): readonly ModelInstruction[] {
  const waits = rows.flatMap((row) =>
    row.firstClaimedAt !== null && row.firstClaimedAt > now - 2 * MINUTE
      ? [row.firstClaimedAt - row.lastSentAt]
      : [],
  );
  const isBehind = Math.max(0, ...waits) > MINUTE;
  return rows
    .filter((row) => {
      const dueAt = relayDueAt(row);
      return dueAt !== null && dueAt <= now && (row.parked || !isBehind);
    })
    .toSorted((one, other) => (relayDueAt(one) ?? 0) - (relayDueAt(other) ?? 0));
}

function send(row: ModelInstruction, slotAt: number | null, now: number): DatabaseRow {
  const isFirst = row.attemptNo === 0 && row.resends === 0 && !row.parked;
  if (!isFirst) row.sendNo += 1;
  row.resends = row.parked ? 0 : row.resends + 1;
  row.parked = false;
  row.waitsFor = null;
  row.slotAt = slotAt;
  row.lastSentAt = now;
  return {
    kind: 'due',
    instruction_id: row.id,
    group_id: row.groupId,
    payment_id: row.paymentId,
    correlation_id: row.correlationId,
    operation: row.operation,
    send_no: row.sendNo,
  };
}
