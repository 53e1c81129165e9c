import type { DatabaseRow } from '../../../adapters/database/database.ts';
import { addAmounts, RESERVED_AMOUNT } from '../../../domain/ledger/order-amounts.ts';
import type { ClaimInput } from './inputs.ts';
import { nextSlotOf, roomOf, spacingOf } from './limiter.ts';
import {
  hasFailed,
  isAwaitingState,
  isTerminalState,
  type ModelInstruction,
  type ModelLimiter,
  type ModelState,
} from './state.ts';

interface Judged {
  readonly row: ModelInstruction;
  readonly verdict: string;
  readonly nextCycle: number;
  readonly attemptsSpent: number;
  readonly lastReason: string;
  readonly pausedBy: string | undefined;
  /** When it and all that it waits for may be tried. */
  readonly freeAt: number;
  /** No worker holds its parent. */
  readonly isBehindIdle: boolean;
}

/** As CLAIM_SQL. */
export function claim(state: ModelState, input: ClaimInput, now: number): DatabaseRow[] {
  const asked = new Map<string, Asked>();
  for (const each of input.instructions) {
    const { instruction_id, group_id, operation, dead_letter_cycle } = each;
    const name = [instruction_id, group_id, operation].join(' ');
    const known = asked.get(name)?.dead_letter_cycle ?? null;
    const newest =
      dead_letter_cycle === null ? known : Math.max(known ?? dead_letter_cycle, dead_letter_cycle);
    asked.set(name, { ...each, dead_letter_cycle: newest });
  }
  const judged = [...asked.values()].flatMap((each) => {
    const row = state.instructions.get(each.instruction_id);
    return row !== undefined && isNamed(row, each)
      ? [judge(state, row, each.dead_letter_cycle, input, now)]
      : [];
  });
  // As the statement sees them: before its own probes.
  const closedAt = new Map(
    [...state.circuits].map(([psp, circuit]) => [
      psp,
      Math.max(circuit.openUntil ?? 0, circuit.probeUntil ?? 0),
    ]),
  );
  const admissions = admit(state, judged, input, now);
  const slots = giveSlots(state, judged, admissions, input, now);
  noteProbes(state, judged, admissions, slots, input, now);
  const answers = judged.map((each) =>
    apply(
      state,
      each,
      admissions.get(each.row.id) ?? each.verdict,
      slots.get(each.row.id),
      input,
      now,
      closedAt.get(each.row.psp) ?? 0,
    ),
  );
  const others = [...asked.values()].flatMap((each) => refuse(state, each));
  return [...answers, ...others];
}

type Asked = ClaimInput['instructions'][number];

export function isNamed(row: ModelInstruction, asked: Pick<Asked, 'group_id' | 'operation'>): boolean {
  return row.groupId === asked.group_id && row.operation === asked.operation;
}

/** What names no instruction: none at all, or one of another group or operation. */
function refuse(state: ModelState, asked: Asked): DatabaseRow[] {
  const { instruction_id, group_id, operation } = asked;
  const row = state.instructions.get(instruction_id);
  const named = { instruction_id, group_id, operation };
  if (row === undefined) return [{ ...named, verdict: 'missing' }];
  if (isNamed(row, asked)) return [];
  return [{ ...named, verdict: 'mismatched', reason: `${row.operation} of ${row.groupId}` }];
}

function judge(
  state: ModelState,
  row: ModelInstruction,
  deadLetterCycle: number | null,
  input: ClaimInput,
  now: number,
): Judged {
  const pausedBy = ['all', `merchant:${row.merchantId}`, `psp:${row.psp}`].find((pause) =>
    state.pauses.has(pause),
  );
  const isDead = row.state === 'dead_lettered';
  const parent = state.parentOf(row);
  const openParent = parent === undefined || isTerminalState(parent.state) ? undefined : parent;
  const verdict = (): string => {
    if (isTerminalState(row.state)) return 'terminal';
    if (row.state === 'quarantined') return 'quarantined';
    if (row.state === 'executing' && row.claimToken === input.claim_token) return 'mine';
    if (parent !== undefined && hasFailed(parent) && !input.ignores_failed_parents) return 'orphaned';
    if (openParent !== undefined && !input.ignores_parents) return 'waiting';
    if (row.notBefore > now && isAwaitingState(row.state)) return 'awaiting';
    if (row.notBefore > now)
      return input.quarantines_live && row.state === 'executing' ? 'given_up' : 'not_before';
    if (isDead && deadLetterCycle !== row.cycle) return 'exhausted';
    if (pausedBy !== undefined) return 'paused';
    if (!isDead && row.attemptsInCycle >= input.attempts_per_cycle) {
      return row.cycle < input.cycles ? 'exhausted' : 'given_up';
    }
    return 'free';
  };
  return {
    row,
    verdict: verdict(),
    nextCycle: row.cycle + (isDead ? 1 : 0),
    attemptsSpent: isDead ? 0 : row.attemptsInCycle,
    lastReason:
      row.state === 'executing'
        ? `attempt ${row.attemptNo} started, never finished`
        : (row.reason ?? 'no reason was recorded'),
    pausedBy,
    freeAt: Math.max(row.notBefore, openParent?.notBefore ?? 0),
    isBehindIdle:
      openParent !== undefined &&
      (openParent.state !== 'executing' || openParent.notBefore <= now) &&
      !input.never_parks_children,
  };
}

/** What is free is claimed, to be resolved, or waits for its circuit. */
function admit(
  state: ModelState,
  judged: readonly Judged[],
  input: ClaimInput,
  now: number,
): ReadonlyMap<string, string> {
  const decisions = new Map<string, string>();
  const byPsp = Map.groupBy(
    judged
      .filter(({ verdict }) => verdict === 'free')
      .sort((one, other) => (one.row.id < other.row.id ? -1 : 1)),
    ({ row }) => row.psp,
  );
  for (const [psp, free] of byPsp) {
    const circuit = state.circuits.get(psp);
    const isOpen = circuit !== undefined && circuit.openUntil !== null;
    const mayProbe = isOpen && (circuit.openUntil ?? 0) <= now && (circuit.probeUntil ?? 0) <= now;
    free.forEach((each, index) => {
      const goes = !isOpen || (mayProbe && index < input.probes);
      const kind = each.nextCycle >= input.cycles ? 'resolve' : 'claimed';
      decisions.set(each.row.id, goes ? kind : 'circuit_open');
    });
  }
  return decisions;
}

interface Slot {
  readonly at: number;
  readonly isReserved: boolean;
}

/** Where a PSP's rate is known, what goes needs a slot for each of its calls, but for what comes back to its own. */
function giveSlots(
  state: ModelState,
  judged: readonly Judged[],
  admissions: ReadonlyMap<string, string>,
  input: ClaimInput,
  now: number,
): ReadonlyMap<string, Slot> {
  const slots = new Map<string, Slot>();
  for (const [psp, limiter] of declareRates(state, judged, admissions, input, now)) {
    const spacing = spacingOf(limiter, now);
    const going = judged
      .map(({ row }) => row)
      .filter((row) => row.psp === psp && ['claimed', 'resolve'].includes(admissions.get(row.id) ?? ''));
    if (spacing === 0 || going.length === 0) continue;
    const [room, nextSlot] = [roomOf(limiter, now), nextSlotOf(limiter, now)];
    let calls = 0;
    for (const row of going.sort(byId)) {
      if (limiter.recoversFrom <= now && row.slotAt !== null && row.slotAt > now - 30_000) {
        slots.set(row.id, { at: row.slotAt, isReserved: true });
        continue;
      }
      slots.set(row.id, { at: nextSlot + calls * spacing, isReserved: calls < room });
      calls += row.attemptsNotSent < row.attemptNo ? 2 : 1;
    }
    const nextCallAt = nextSlot + Math.min(calls, room) * spacing;
    if (calls > 0) state.limiters.set(psp, { ...limiter, nextCallAt });
  }
  return slots;
}

/** @returns the limiters whose declared rate stays as it is: where it changes, this claim goes unlimited */
function declareRates(
  state: ModelState,
  judged: readonly Judged[],
  admissions: ReadonlyMap<string, string>,
  input: ClaimInput,
  now: number,
): ReadonlyMap<string, ModelLimiter> {
  const goes = ({ id }: ModelInstruction) => ['claimed', 'resolve'].includes(admissions.get(id) ?? '');
  const unchanged = new Map(
    [...state.limiters].filter(([psp, { declared }]) => declared === (input.declared_spacings[psp] ?? 0)),
  );
  for (const psp of new Set(
    judged
      .map(({ row }) => row)
      .filter(goes)
      .map((row) => row.psp),
  )) {
    const declared = input.declared_spacings[psp];
    const known = state.limiters.get(psp);
    if (declared === undefined || declared === (known?.declared ?? 0)) continue;
    const fresh = { spacing: 0, limitedAt: now, recoversFrom: now, nextCallAt: now };
    state.limiters.set(psp, { ...(known ?? fresh), declared });
  }
  return unchanged;
}

/** A half-open circuit is probed once a call is made: what waits for its slot is no probe yet. */
function noteProbes(
  state: ModelState,
  judged: readonly Judged[],
  admissions: ReadonlyMap<string, string>,
  slots: ReadonlyMap<string, Slot>,
  input: ClaimInput,
  now: number,
): void {
  for (const { row } of judged) {
    const circuit = state.circuits.get(row.psp);
    const isAdmitted = ['claimed', 'resolve'].includes(admissions.get(row.id) ?? '');
    if (circuit === undefined || circuit.openUntil === null) continue;
    if (isAdmitted && !isLimitedBy(slots.get(row.id), now)) {
      circuit.probeUntil = now + input.lease_seconds * 1000;
    }
  }
}

function isLimitedBy(slot: Slot | undefined, now: number): boolean {
  return slot !== undefined && (slot.at > now || !slot.isReserved);
}

function byId(one: ModelInstruction, other: ModelInstruction): number {
  return one.id < other.id ? -1 : 1;
}

function apply(
  state: ModelState,
  judged: Judged,
  admission: string,
  slot: Slot | undefined,
  input: ClaimInput,
  now: number,
  closedAt: number,
): DatabaseRow {
  const { row } = judged;
  const order = state.order(row.orderId);
  const isProbe = (state.circuits.get(row.psp)?.openUntil ?? null) !== null;
  const wasStarted = order.status !== 'NOT_STARTED';
  const held = input.credential_versions[row.psp] ?? null;
  const before = {
    cycle: row.cycle,
    notBefore: row.notBefore,
    firstClaimedAt: row.firstClaimedAt,
    isSameCredential: row.attemptsNotSent >= row.attemptNo || row.credentialVersion === held,
  };
  const isLimited = isLimitedBy(slot, now);
  const decision = isLimited ? 'rate_limited' : admission;
  const isParked = isLimited ? slot?.isReserved === false : isParkedBy(decision, judged, now);
  // Its message is a second one: the relay sends the next.
  const wasParked = decision === 'waiting' && row.parked;
  let reason = judged.lastReason;
  if (decision === 'claimed' || decision === 'resolve') take(state, judged, input, now);
  else if (decision === 'orphaned') reason = cancel(state, row, input);
  else if (decision === 'exhausted' || decision === 'given_up') reason = end(state, judged, decision, now);
  else if (isParked) park(judged, decision, input, now);
  else if (isLimited && slot !== undefined) row.slotAt = slot.at;
  const freeAt =
    decision === 'circuit_open' ? closedAt : isLimited && slot !== undefined ? slot.at : judged.freeAt;
  return {
    instruction_id: row.id,
    verdict: answerOf(decision, before.cycle, input),
    seconds_left: Math.max(0, Math.ceil((freeAt - now) / 1000)),
    parked: isParked || wasParked,
    reason,
    group_id: row.groupId,
    payment_order_id: row.orderId,
    payment_id: row.paymentId,
    merchant_id: row.merchantId,
    correlation_id: row.correlationId,
    operation: row.operation,
    cycle:
      row.cycle > before.cycle && decision !== 'claimed' && decision !== 'resolve' ? before.cycle : row.cycle,
    attempt_no: row.attemptNo,
    all_proven_not_sent: row.attemptsNotSent >= row.attemptNo - 1,
    is_same_credential: before.isSameCredential,
    is_too_late_to_send: row.sendBy !== null && row.sendBy <= now,
    awaits: row.awaits,
    psp_reference: row.pspReference,
    seconds_past_expiry: row.expiresAt === null ? null : Math.floor((now - row.expiresAt) / 1000),
    age_seconds: before.firstClaimedAt === null ? 0 : Math.round((now - before.firstClaimedAt) / 1000),
    psp_account: row.psp,
    amount_minor: row.amountMinor,
    currency: row.currency,
    splits: row.splits,
    request: row.request,
    request_version: row.requestVersion,
    order_started: !wasStarted && order.status !== 'NOT_STARTED',
    is_probe: isProbe,
  };
}

/** What a decision is called in the answer, where it has another name there. */
const ANSWERS: Readonly<Record<string, string>> = { given_up: 'quarantined', orphaned: 'terminal' };

function answerOf(decision: string, cycle: number, { cycles }: ClaimInput): string {
  if (decision === 'mine' && cycle >= cycles) return 'resolve';
  return ANSWERS[decision] ?? decision;
}

function take(
  state: ModelState,
  { row, nextCycle, attemptsSpent }: Judged,
  input: ClaimInput,
  now: number,
): void {
  const wasNeverSent = row.attemptsNotSent >= row.attemptNo;
  const propagation = input.propagation_seconds[row.psp] ?? input.default_propagation_seconds;
  row.state = 'executing';
  row.reason = null;
  row.attemptNo += 1;
  row.cycle = nextCycle;
  row.attemptsInCycle = attemptsSpent + 1;
  row.claimToken = input.claim_token;
  if (wasNeverSent) row.credentialVersion = input.credential_versions[row.psp] ?? null;
  row.firstClaimedAt ??= now;
  row.parked = false;
  row.waitsFor = null;
  row.resends = 0;
  row.slotAt = null;
  row.wokenAt = null;
  row.notBefore = now + (input.lease_seconds + propagation) * 1000;
  const order = state.order(row.orderId);
  if (order.status !== 'NOT_STARTED') return;
  order.status = 'EXECUTING';
  order.statusDetail = 'psp_requested';
  state.payment(row.paymentId).started += 1;
}

function isParkedBy(decision: string, { row, isBehindIdle }: Judged, now: number): boolean {
  if (decision === 'paused' || decision === 'circuit_open') return true;
  return decision === 'waiting' && isBehindIdle && row.notBefore <= now && row.state !== 'dead_lettered';
}

function park(
  { row, nextCycle, attemptsSpent, pausedBy, freeAt }: Judged,
  decision: string,
  input: ClaimInput,
  now: number,
): void {
  row.state = 'ready';
  row.cycle = nextCycle;
  row.attemptsInCycle = attemptsSpent;
  row.parked = true;
  if (decision === 'waiting') {
    row.reason = 'its parent has not ended';
    row.waitsFor = null;
    row.notBefore = Math.max(freeAt, now + (input.parks_children_for_seconds ?? 60) * 1000);
    return;
  }
  const [reason, waitsFor] = waitOf(row.psp, decision, pausedBy);
  row.reason = reason;
  row.waitsFor = waitsFor;
}

function waitOf(psp: string, decision: string, pausedBy: string | undefined): readonly [string, string] {
  if (decision === 'paused') return [`paused: pause:${pausedBy}`, `pause:${pausedBy}`];
  if (decision === 'rate_limited') return [`the rate of ${psp} is used up`, `rate:${psp}`];
  return [`the circuit of ${psp} is open`, `circuit:${psp}`];
}

/** Its parent failed: it is never sent. */
function cancel(state: ModelState, row: ModelInstruction, input: ClaimInput): string {
  const reserved = RESERVED_AMOUNT[row.operation];
  const order = state.order(row.orderId);
  if (reserved !== undefined && !input.keeps_reservations)
    order.amounts = addAmounts(order.amounts, { [reserved]: -BigInt(row.amountMinor) });
  row.state = 'cancelled';
  row.reason = 'its parent failed';
  row.parked = false;
  row.waitsFor = null;
  return row.reason;
}

function end(state: ModelState, { row, lastReason }: Judged, decision: string, now: number): string {
  if (row.state === 'dead_lettered') return lastReason;
  row.reason = `${lastReason} (${row.attemptsInCycle} attempts in cycle ${row.cycle})`;
  row.state = decision === 'exhausted' ? 'dead_lettered' : 'quarantined';
  row.parked = false;
  row.waitsFor = null;
  writeDeadLetter(state, row, now);
  if (row.state === 'quarantined')
    Object.assign(state.order(row.orderId), { statusDetail: 'manual_review', nextAction: null });
  return row.reason;
}

/** As the trigger of the migration: a dead letter or a quarantine is written with the state. */
export function writeDeadLetter(state: ModelState, row: ModelInstruction, now: number): void {
  const known = state.deadLetters.get(row.id);
  state.deadLetters.set(row.id, {
    isPoison: false,
    poisonState: null,
    reason: row.reason ?? 'no reason was recorded',
    cycle: row.cycle,
    timesSeen: (known?.timesSeen ?? 0) + (known === undefined || row.state === 'dead_lettered' ? 1 : 0),
    messageId: known?.messageId ?? null,
    lastSeenAt: now,
    redrivenAt: null,
  });
}
