import { isDeepStrictEqual } from 'node:util';
import type { DatabaseRow } from '../../../adapters/database/database.ts';
import { movementNameOf } from '../../../domain/ledger/movement.ts';
import { addAmounts } from '../../../domain/ledger/order-amounts.ts';
import { NO_FENCE } from '../planted/planted.ts';
import { writeDeadLetter } from './claim.ts';
import type { RecordInput } from './inputs.ts';
import { limiterAfter, spacingOf } from './limiter.ts';
import type { ModelInstruction, ModelState } from './state.ts';

type Attempt = RecordInput['attempts'][number];
type ObservedPsp = RecordInput['psps'][number];

/** As RECORD_SQL. */
export function record(state: ModelState, input: RecordInput, now: number): DatabaseRow[] {
  const written = new Set(
    input.attempts.filter((attempt) => writeEvidence(state, attempt)).map(({ psp }) => psp),
  );
  const opened = new Set<string>();
  for (const observed of input.psps) {
    if (observe(state, observed, input, written, now)) opened.add(observed.psp);
    limit(state, observed, written, now);
  }
  return input.attempts.flatMap((attempt) => {
    const row = state.instructions.get(attempt.instruction_id);
    return row === undefined ? [] : [apply(state, row, attempt, input, opened, now)];
  });
}

/** @returns whether any of it is new */
function writeEvidence(state: ModelState, attempt: Attempt): boolean {
  let isNew = false;
  for (const { step } of attempt.steps) {
    const key = [attempt.instruction_id, attempt.attempt_no, attempt.claim_token, step].join(' ');
    isNew ||= !state.evidence.has(key);
    state.evidence.add(key);
  }
  return isNew;
}

/** @returns whether the circuit is open afterwards, by this observation */
function observe(
  state: ModelState,
  observation: ObservedPsp,
  { trips }: RecordInput,
  written: ReadonlySet<string>,
  now: number,
): boolean {
  const failures = observation.not_sent + observation.unknown + observation.misconfigured;
  const circuit = state.circuits.get(observation.psp);
  if (observation.answered) {
    if (circuit !== undefined) {
      Object.assign(circuit, { notSent: 0, unknown: 0, openUntil: null, openSeconds: 0, probeUntil: null });
    }
    return false;
  }
  if (failures === 0) {
    if (observation.probed && circuit !== undefined) circuit.probeUntil = null;
    return false;
  }
  if (!written.has(observation.psp)) return false;
  const next = circuit ?? { notSent: 0, unknown: 0, openUntil: null, openSeconds: 0, probeUntil: null };
  state.circuits.set(observation.psp, next);
  next.notSent += observation.not_sent;
  next.unknown += observation.unknown;
  const isFailing =
    next.openUntil !== null ||
    observation.misconfigured > 0 ||
    next.notSent >= trips.not_sent ||
    next.unknown >= trips.unknown;
  if (next.openUntil !== null && next.openUntil > now) return true;
  if (!isFailing) {
    Object.assign(next, { openUntil: null, openSeconds: 0, probeUntil: null });
    return false;
  }
  const seconds =
    next.openUntil === null ? trips.open_seconds : Math.min(next.openSeconds * 2, trips.longest_seconds);
  Object.assign(next, { openUntil: now + seconds * 1000, openSeconds: seconds, probeUntil: null });
  return true;
}

function limit(state: ModelState, observed: ObservedPsp, written: ReadonlySet<string>, now: number): void {
  const limiter = state.limiters.get(observed.psp);
  if (observed.rate_limited > 0 && written.has(observed.psp)) {
    state.limiters.set(observed.psp, limiterAfter(limiter, observed.retry_after_seconds, now));
  } else if (observed.rate_limited === 0 && observed.answered && limiter !== undefined) {
    if (spacingOf(limiter, now) === 0) state.limiters.delete(observed.psp);
  }
}

function apply(
  state: ModelState,
  row: ModelInstruction,
  attempt: Attempt,
  input: RecordInput,
  opened: ReadonlySet<string>,
  now: number,
): DatabaseRow {
  const holds = row.attemptNo === attempt.attempt_no && row.claimToken === attempt.claim_token;
  const isUnfenced = attempt.claim_token === NO_FENCE;
  const isApplied = isUnfenced || (holds && row.state === 'executing');
  const changed = isApplied && transition(state, row, attempt, input, opened, now);
  if (attempt.books_unfenced === true && !isApplied) book(state, row, attempt);
  if (attempt.adds_unfenced === true && !isApplied) add(state, attempt);
  return {
    instruction_id: row.id,
    is_applied: isApplied || (holds && row.state !== 'executing'),
    state: row.state,
    parked: row.parked,
    seconds_left: Math.max(0, Math.ceil((row.notBefore - now) / 1000)),
    cycle: row.cycle,
    reason: row.reason,
    order_changed: changed,
    age_milliseconds: now - row.acceptedAt,
  };
}

/** @returns whether the order changed with it */
function transition(
  state: ModelState,
  row: ModelInstruction,
  attempt: Attempt,
  { give_back_limit: giveBackLimit }: RecordInput,
  opened: ReadonlySet<string>,
  now: number,
): boolean {
  row.state = attempt.state;
  row.reason = attempt.reason;
  row.parked = attempt.parked;
  row.waitsFor = attempt.waits_for;
  row.attemptsNotSent += attempt.not_sent;
  const isGivenBack =
    attempt.costs_no_attempt ||
    (attempt.may_give_back && row.attemptNo < giveBackLimit && opened.has(attempt.psp));
  if (isGivenBack) row.attemptsInCycle -= 1;
  if (attempt.wait_seconds !== null) row.notBefore = now + attempt.wait_seconds * 1000;
  row.awaits = attempt.awaits ?? row.awaits;
  row.pspReference = attempt.psp_reference ?? row.pspReference;
  if (attempt.poll_seconds !== null) wait(row, attempt, attempt.poll_seconds, now);
  if (row.state === 'dead_lettered' || row.state === 'quarantined') writeDeadLetter(state, row, now);
  book(state, row, attempt);
  add(state, attempt);
  const order = state.order(attempt.payment_order_id);
  const isSame = order.status === attempt.order_status && order.statusDetail === attempt.order_status_detail;
  const isSameAction =
    attempt.next_action === null || isDeepStrictEqual(attempt.next_action, order.nextAction);
  if (attempt.order_status === null || (isSame && isSameAction)) return false;
  if (order.status === 'SUCCESS' || order.status === 'FAILED') throw new Error(`${order.id} is terminal`);
  order.status = attempt.order_status;
  order.statusDetail = attempt.order_status_detail;
  order.nextAction =
    order.statusDetail === 'awaiting_buyer' ? (attempt.next_action ?? order.nextAction) : null;
  order.pspReference = attempt.psp_reference ?? order.pspReference;
  if (order.status === 'SUCCESS') state.payment(order.paymentId).succeeded += 1;
  if (order.status === 'FAILED') state.payment(order.paymentId).failed += 1;
  return true;
}

/** Until it is woken, looked up or expires. */
function wait(row: ModelInstruction, attempt: Attempt, pollSeconds: number, now: number): void {
  const pollAt = row.wokenAt === null ? now + pollSeconds * 1000 : now;
  const expiresAt =
    attempt.expires_at === null
      ? (row.expiresAt ?? now + (attempt.expires_seconds ?? 0) * 1000)
      : Date.parse(attempt.expires_at);
  row.pollAt = pollAt;
  row.expiresAt = expiresAt;
  row.notBefore = expiresAt > now ? Math.min(pollAt, expiresAt) : pollAt;
}

/** To the order's amounts. */
function add(state: ModelState, { payment_order_id, amounts }: Attempt): void {
  const order = state.order(payment_order_id);
  const deltas = Object.entries(amounts).map(([name, delta]) => [name, BigInt(delta)]);
  order.amounts = addAmounts(order.amounts, Object.fromEntries(deltas));
}

/** The movement and its postings; each is unique by its name, as in the database. */
function book(state: ModelState, row: ModelInstruction, attempt: Attempt): void {
  const { movement, postings } = attempt;
  // Of the planted bug.
  const drawn = attempt.books_unfenced === true ? ` ${state.movements.size}` : '';
  const movementId = movement === null ? undefined : movement.movement_id + drawn;
  if (movement !== null && movementId !== undefined) {
    const { kind, currency } = movement;
    const name = movementNameOf({ origin: 'own', instructionId: row.id }, kind) + drawn;
    if (state.movements.has(name)) throw new Error(`${name} is booked already`);
    const moved = { id: movementId, kind, currency, amountMinor: BigInt(movement.amount_minor) };
    state.movements.set(name, { ...moved, instructionId: row.id, orderId: row.orderId });
  }
  for (const posting of postings)
    post(state, posting.source_kind === 'movement' ? movementId : row.id, {
      ...posting,
      ledger_transaction_id: posting.ledger_transaction_id + drawn,
    });
}

function post(state: ModelState, sourceId: string | undefined, posting: Attempt['postings'][number]): void {
  if (sourceId === undefined) throw new Error(`${posting.ledger_transaction_id} books no movement`);
  const { posting_type: postingType, ledger_transaction_id: id } = posting;
  const isPosted = [...state.postings.values()].some(
    (known) => known.sourceId === sourceId && known.postingType === postingType,
  );
  if (isPosted) throw new Error(`${sourceId} is posted already`);
  state.postings.set(id, {
    sourceId,
    postingType,
    entries: posting.entries.map((entry) => ({
      account: `${entry.account_kind} ${entry.account_owner}`,
      direction: entry.direction,
      phase: entry.phase,
      amountMinor: BigInt(entry.amount_minor),
      currency: entry.currency,
    })),
  });
}
