import { unreachable } from '../assert.ts';
import { chargePosting, type LedgerTransaction } from '../ledger/posting.ts';
import type { Split } from '../money/split.ts';
import { backoffSeconds, isParked, rateLimitSeconds } from './backoff.ts';
import type { InstructionState } from './instruction.ts';
import type { Decline, PspAbilities, PspCharge, PspOutcome } from './psp-outcome.ts';
import type { OrderStatus, OrderStatusDetail } from './status.ts';

/** The charge that was asked for: what a PSP's answer is compared with. */
export interface ExpectedCharge {
  readonly psp: string;
  readonly reference: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly splits: readonly Split[];
}

/** What an attempt comes to: the instruction's next state, the order's, and what is posted. */
export interface Transition {
  readonly state: Exclude<InstructionState, 'executing'>;
  readonly orderStatus: OrderStatus;
  readonly orderStatusDetail: OrderStatusDetail;
  /** Why the instruction waits or is quarantined; null where its state says all. */
  readonly reason: string | null;
  readonly failure: Decline | null;
  readonly pspReference: string | null;
  /** Seconds until the next attempt; null where there is none. */
  readonly waitSeconds: number | null;
  /** Waits in the database and not in the queue; the relay sends again. */
  readonly parked: boolean;
  /** Parked until the PSP's circuit closes, whatever the time. */
  readonly waitsForCircuit: boolean;
  /** This attempt is proven never to have reached the PSP's books. */
  readonly provenNotSent: boolean;
  readonly posting: LedgerTransaction | null;
}

export interface Attempt {
  readonly attemptNo: number;
  /** In [0, 1): the backoff's jitter. */
  readonly random: number;
  /** Whether this attempt sent anything: an attempt that only asked has charged nothing by itself. */
  readonly sent: boolean;
  /** Whether some attempt before this one may have reached the PSP. */
  readonly maybeSentBefore: boolean;
  /** It found out whether an open circuit can close. */
  readonly isProbe: boolean;
}

/** The retry classes: one outcome in, what becomes of the instruction and its order out. Pure. */
export function decide(
  outcome: PspOutcome,
  expected: ExpectedCharge,
  abilities: PspAbilities,
  attempt: Attempt,
): Transition {
  switch (outcome.kind) {
    case 'succeeded':
      return decideCharge(outcome, expected, attempt);
    case 'declined':
      return { ...terminal('declined', 'FAILED', null), failure: outcome.decline };
    case 'requires_action':
      return {
        ...terminal('requires_action', 'EXECUTING', 'requires_action'),
        pspReference: outcome.pspReference,
      };
    case 'not_sent':
      return retry(outcome.reason, backoffSeconds(attempt.attemptNo, attempt.random), attempt, true);
    case 'misconfigured':
      return attempt.isProbe ? waitForCircuit(outcome.reason, attempt) : deadLetter(outcome.reason, attempt);
    case 'rate_limited': {
      const wait = rateLimitSeconds(outcome.retryAfterSeconds, attempt.attemptNo, attempt.random);
      return retry('the PSP limits our rate', wait, attempt, true);
    }
    case 'unknown':
      return retry(outcome.reason, unknownWaitSeconds(abilities, attempt), attempt, !attempt.sent);
    default:
      return unreachable(outcome);
  }
}

/** No retry helps until somebody mends the key; nothing was charged by this attempt. */
function deadLetter(reason: string, attempt: Attempt): Transition {
  return { ...retry(refusal(reason), 0, attempt, true), state: 'dead_lettered' };
}

/** That the PSP refuses us is known already: the probe goes back to where it waited, and costs no dead letter. */
function waitForCircuit(reason: string, attempt: Attempt): Transition {
  return { ...retry(refusal(reason), 0, attempt, true), parked: true, waitsForCircuit: true };
}

function refusal(reason: string): string {
  return `the PSP refuses us: ${reason}`;
}

/** Where only an operator can tell: nothing is posted, nothing is guessed, no more is sent. */
export function manualReview(reason: string): Transition {
  return { ...terminal('quarantined', 'EXECUTING', 'manual_review'), reason };
}

/** A PSP's answer is compared before it is believed, and must be one (rule 12). */
function decideCharge(
  { charge, furtherCharges = [] }: Extract<PspOutcome, { kind: 'succeeded' }>,
  expected: ExpectedCharge,
  attempt: Attempt,
): Transition {
  const mismatch = repetitionOf([charge, ...furtherCharges]) ?? mismatchOf(charge, expected);
  if (mismatch !== undefined) return { ...manualReview(mismatch), pspReference: charge.pspReference };
  return {
    ...terminal('succeeded', 'SUCCESS', null),
    provenNotSent: !attempt.sent,
    pspReference: charge.pspReference,
    posting: chargePosting(expected),
  };
}

function repetitionOf(charges: readonly PspCharge[]): string | undefined {
  if (charges.length === 1) return undefined;
  const references = charges.map(({ pspReference }) => pspReference).join(', ');
  return `the PSP holds ${charges.length} charges where one was asked for: ${references}`;
}

function mismatchOf(charge: PspCharge, expected: ExpectedCharge): string | undefined {
  if (charge.reference !== expected.reference) {
    return `the PSP answered for reference ${charge.reference}, asked was ${expected.reference}`;
  }
  if (charge.amountMinor !== expected.amountMinor || charge.currency !== expected.currency) {
    return `the PSP answered ${charge.amountMinor} ${charge.currency}, asked was ${expected.amountMinor} ${expected.currency}`;
  }
  return undefined;
}

/**
 * The request has landed (Z) and is visible (W) before the next attempt asks; the backoff on top spares a PSP that
 * keeps failing.
 */
function unknownWaitSeconds(abilities: PspAbilities, attempt: Attempt): number {
  const settled = abilities.maxInFlightSeconds + (abilities.lookUpLagSeconds ?? 0);
  const patience = attempt.attemptNo > 1 ? backoffSeconds(attempt.attemptNo - 1, attempt.random) : 0;
  return settled + patience;
}

function retry(reason: string, waitSeconds: number, attempt: Attempt, provenNotSent: boolean): Transition {
  const unknown = !provenNotSent || attempt.maybeSentBefore;
  return {
    state: 'ready',
    orderStatus: 'EXECUTING',
    orderStatusDetail: unknown ? 'outcome_unknown' : 'psp_requested',
    reason,
    failure: null,
    pspReference: null,
    waitSeconds,
    parked: isParked(waitSeconds),
    waitsForCircuit: false,
    provenNotSent,
    posting: null,
  };
}

function terminal(
  state: Transition['state'],
  orderStatus: OrderStatus,
  orderStatusDetail: OrderStatusDetail,
): Transition {
  return {
    state,
    orderStatus,
    orderStatusDetail,
    reason: null,
    failure: null,
    pspReference: null,
    waitSeconds: null,
    parked: false,
    waitsForCircuit: false,
    provenNotSent: false,
    posting: null,
  };
}
