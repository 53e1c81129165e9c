import { createHash } from 'node:crypto';
import type { DatabaseRow } from '../../../adapters/database/database.ts';
import { type ModelInstruction, type ModelState, relayDueAt } from './state.ts';

const MINUTE = 60_000;

/** As RELAY_SQL. */
export function relay(
  state: ModelState,
  { limit, probes }: { readonly limit: number; readonly probes: number },
  now: number,
): DatabaseRow[] {
  const rows = [...state.instructions.values()];
  const due = [...freed(state, rows, limit, probes, now), ...overdue(rows, limit, now)].slice(0, limit);
  const awaited = rows.some((row) => row.waitsFor?.startsWith('circuit:') === true);
  const nothing = rows.every((row) => relayDueAt(row) === null && row.waitsFor === null);
  const sent = due.map((row) => send(row, now));
  return [
    ...sent,
    ...(awaited ? [{ kind: 'circuits_awaited' }] : []),
    ...(nothing ? [{ kind: 'nothing_waits' }] : []),
  ];
}

function freed(
  state: ModelState,
  rows: readonly ModelInstruction[],
  limit: number,
  probes: number,
  now: number,
): readonly ModelInstruction[] {
  const groups = Map.groupBy(
    rows.filter((row) => row.waitsFor !== null),
    (row) => row.waitsFor ?? '',
  );
  return [...groups].flatMap(([waitsFor, group]) => {
    if (waitsFor.startsWith('pause:') && state.pauses.has(waitsFor.slice('pause:'.length))) return [];
    const circuit = waitsFor.startsWith('circuit:')
      ? state.circuits.get(waitsFor.slice('circuit:'.length))
      : undefined;
    const openUntil = circuit?.openUntil ?? null;
    if (openUntil === null) return group.slice(0, limit);
    if (openUntil > now || (circuit?.probeUntil ?? 0) > now) return [];
    const shuffled = group.toSorted((one, other) => (drawn(one, now) < drawn(other, now) ? -1 : 1));
    return shuffled.slice(0, Math.min(probes, limit));
  });
}

/** As the statement draws: by a hash of id and time. */
function drawn(row: ModelInstruction, now: number): string {
  return createHash('md5')
    .update(`${row.id}${textOf(now)}`)
    .digest('hex');
}

/** As PostgreSQL writes a timestamp in UTC: fractions only as far as they go. */
function textOf(now: number): string {
  const [date, time = ''] = new Date(now).toISOString().replace('Z', '').split('T');
  const short = time.includes('.') ? time.replace(/\.?0+$/, '') : time;
  return `${date} ${short}+00`;
}

function overdue(rows: readonly ModelInstruction[], limit: number, now: number): readonly ModelInstruction[] {
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
    .toSorted((one, other) => (relayDueAt(one) ?? 0) - (relayDueAt(other) ?? 0))
    .slice(0, limit);
}

function send(row: ModelInstruction, now: number): DatabaseRow {
  const isFirst = row.attemptNo === 0 && row.resends === 0 && !row.parked;
  if (!isFirst) row.sendNo += 1;
  row.resends = row.parked ? 0 : row.resends + 1;
  row.parked = false;
  row.waitsFor = null;
  row.lastSentAt = now;
  return {
    kind: 'due',
    instruction_id: row.id,
    payment_order_id: row.orderId,
    payment_id: row.paymentId,
    correlation_id: row.correlationId,
    operation: 'charge',
    send_no: row.sendNo,
  };
}
