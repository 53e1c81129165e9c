import type { DatabaseRow } from '../../../adapters/database/database.ts';
import type { EventState } from '../../../adapters/database/statements/receive-event.ts';
import type { MatchInput, ReceiveInput, ReturnInput } from './inputs.ts';
import {
  isAwaitingState,
  isTerminalState,
  type ModelEvent,
  type ModelInstruction,
  type ModelState,
} from './state.ts';
import { wake } from './wake.ts';

/** As RECEIVE_SQL. */
export function receive(state: ModelState, input: ReceiveInput, now: number): DatabaseRow[] {
  const event = eventOf(state, input, now);
  const known = [...state.events.values()].filter((other) => isSame(other, event));
  for (const other of known) other.deliveries += 1;
  if (known.length > 0) return [{ kind: 'event', state: 'duplicate' }];
  state.events.set(event.id, event);
  if (input.overrides_states === true) overrideStates(state, event, input.object_state);
  return [{ kind: 'event', state: event.state }, ...wakeNamed(state, [event], now)];
}

/** As MATCH_SQL. */
export function matchEvents(
  state: ModelState,
  { limit, early_seconds: earlySeconds }: MatchInput,
  now: number,
): DatabaseRow[] {
  const early = [...state.events.values()]
    .filter((event) => event.state === 'early')
    .toSorted((one, other) => compare(one.pspAccount, other.pspAccount) || compare(one.id, other.id))
    .slice(0, limit);
  const woken = wakeNamed(state, early, now);
  for (const event of early) {
    const found = stateOf(state, event);
    const isGivenUp = found === 'early' && event.receivedAt < now - earlySeconds * 1000;
    event.state = isGivenUp ? 'unknown' : found;
  }
  const changed = early.filter((event) => event.state !== 'early');
  const unknown = changed.filter((event) => event.state === 'unknown').length;
  return [{ kind: 'count', matched: changed.length - unknown, unknown }, ...woken];
}

/** As RETURN_SQL. */
export function returnBuyer(
  state: ModelState,
  { payment_order_id: orderId }: ReturnInput,
  now: number,
): DatabaseRow[] {
  const rows = [...state.instructions.values()].filter((row) => row.orderId === orderId);
  const [first] = rows;
  if (first === undefined) return [];
  const { return_url: returnUrl = null } = JSON.parse(first.request);
  const open = rows.filter((row) => !isTerminalState(row.state)).map(({ id }) => id);
  return [
    { kind: 'order', returning_payment_id: first.paymentId, return_url: returnUrl },
    ...messagesOf(state, open, now),
  ];
}

function eventOf(state: ModelState, input: ReceiveInput, now: number): ModelEvent {
  const createdAt = Date.parse(input.created_at);
  const given = {
    id: input.event_id,
    pspAccount: input.psp_account,
    pspEventId: input.psp_event_id,
    change: [input.psp_account, input.object_id, input.type, input.object_state, createdAt].join(' '),
    objectId: input.object_id,
    createdAt,
    receivedAt: now,
    instructionId: input.instruction_id ?? null,
    paymentOrderId: input.payment_order_id ?? null,
    deliveries: 1,
  };
  const isReordered = [...state.events.values()].some(
    (later) =>
      later.pspAccount === given.pspAccount &&
      later.objectId === given.objectId &&
      later.createdAt > createdAt,
  );
  return { ...given, isReordered, state: stateOf(state, given) };
}

/** By its id at the PSP, or as another event of the same change. */
function isSame(one: ModelEvent, other: ModelEvent): boolean {
  if (one.pspAccount !== other.pspAccount) return false;
  return one.pspEventId === other.pspEventId || one.change === other.change;
}

type Naming = Pick<ModelEvent, 'pspAccount' | 'instructionId' | 'paymentOrderId'>;

function stateOf(state: ModelState, event: Naming): EventState {
  const named = namedBy(state, event);
  const own = named.filter((row) => row.psp === event.pspAccount);
  if (own.some((row) => !isTerminalState(row.state))) return 'matched';
  if (own.length > 0) return 'ended';
  if (named.length > 0) return 'foreign';
  return (event.instructionId ?? event.paymentOrderId) === null ? 'foreign' : 'early';
}

/** An event that names its instruction is about no other one of the order. */
function namedBy(state: ModelState, { instructionId, paymentOrderId }: Naming): readonly ModelInstruction[] {
  const rows = [...state.instructions.values()];
  if (instructionId !== null) return rows.filter(({ id }) => id === instructionId);
  return rows.filter(({ orderId }) => orderId === paymentOrderId);
}

function wakeNamed(state: ModelState, events: readonly Naming[], now: number): DatabaseRow[] {
  const open = events.flatMap((event) =>
    namedBy(state, event).filter((row) => row.psp === event.pspAccount && !isTerminalState(row.state)),
  );
  return messagesOf(
    state,
    open.map(({ id }) => id),
    now,
  );
}

/** Of the planted bug: what doesn't execute takes the state that the event tells of. */
function overrideStates(state: ModelState, event: Naming, objectState: string): void {
  const told = { requires_action: 'awaiting_buyer', processing: 'awaiting_psp' } as const;
  if (objectState !== 'requires_action' && objectState !== 'processing') return;
  for (const row of namedBy(state, event))
    if (isTerminalState(row.state) || isAwaitingState(row.state)) row.state = told[objectState];
}

function messagesOf(state: ModelState, ids: readonly string[], now: number): DatabaseRow[] {
  return wake(state, ids, now).map((row) => ({ kind: 'message', ...row }));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
