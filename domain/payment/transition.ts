import type { Movement } from '../ledger/movement.ts';
import type { AmountDeltas } from '../ledger/order-amounts.ts';
import type { LedgerTransaction } from '../ledger/transaction.ts';
import { isParked } from './backoff.ts';
import type { Awaits, InstructionState } from './instruction.ts';
import type { Decline } from './psp-outcome.ts';
import type { OrderStatus, OrderStatusDetail } from './status.ts';

/** The result of an attempt: the next states of the instruction and its order, and what is posted. */
export interface Transition {
  readonly state: Exclude<InstructionState, 'executing'>;
  /** Null where the order stays as it is, but for its amounts: what a refund comes to doesn't change what was paid. */
  readonly orderStatus: OrderStatus | null;
  readonly orderStatusDetail: OrderStatusDetail;
  /** Why the instruction waits or is quarantined; null if its state says enough. */
  readonly reason: string | null;
  readonly failure: Decline | null;
  readonly pspReference: string | null;
  /** What it waits for; null unless its state is `awaiting_buyer` or `awaiting_psp`. */
  readonly waiting: Waiting | null;
  /** Seconds until the next attempt; null where there is none. */
  readonly waitSeconds: number | null;
  /** It waits in the database and not in the queue; the relay sends its message again. */
  readonly parked: boolean;
  /** What a parked instruction waits for besides the time: its PSP's circuit to close, or a free slot of its PSP's rate. */
  readonly waitsFor: 'circuit' | 'rate' | null;
  /** This attempt is proven to have had no effect at the PSP. */
  readonly provenNotSent: boolean;
  /** It doesn't count towards the attempts of its cycle, because its failure says nothing about the instruction. */
  readonly costsNoAttempt: boolean;
  /** The money that the instruction moved at the PSP; null where it moved none. */
  readonly movement: Movement | null;
  /** What is added to the order's amounts. */
  readonly amounts: AmountDeltas;
  readonly postings: readonly LedgerTransaction[];
}

/** How an instruction waits that the PSP has accepted, and whose result comes later. */
export interface Waiting {
  readonly awaits: Awaits;
  /** Seconds until it is looked up, if no event or return of the buyer comes first. */
  readonly pollSeconds: number;
  /** When it expires by the PSP's own word; null if the PSP names no time. */
  readonly expiresAt: Date | null;
  /** Seconds until it expires, if neither the PSP nor an earlier attempt named a time. */
  readonly expiresSeconds: number;
  /** What the buyer has to do; null if that is known already or nothing. */
  readonly nextAction: NextAction | null;
}

/** What the buyer has to do next: go to a page of the PSP. */
export interface NextAction {
  readonly type: 'redirect';
  readonly url: string;
  readonly expiresAt: Date | null;
}

/** A transition to a terminal state or to manual review. */
export function ended(
  state: Transition['state'],
  orderStatus: OrderStatus | null,
  orderStatusDetail: OrderStatusDetail,
): Transition {
  return {
    state,
    orderStatus,
    orderStatusDetail,
    reason: null,
    failure: null,
    pspReference: null,
    waiting: null,
    waitSeconds: null,
    parked: false,
    waitsFor: null,
    provenNotSent: false,
    costsNoAttempt: false,
    movement: null,
    amounts: {},
    postings: [],
  };
}

export interface Retry {
  readonly reason: string;
  readonly waitSeconds: number;
  readonly provenNotSent: boolean;
  /** Whether some attempt before this one may have reached the PSP. */
  readonly maybeSentBefore: boolean;
  /** What it waited for before this attempt, and still does. */
  readonly awaits: Awaits | null;
}

/** A transition to another attempt, later. */
export function retry(attempt: Retry): Transition {
  const { reason, waitSeconds, provenNotSent } = attempt;
  return {
    ...ended('ready', 'EXECUTING', detailOf(attempt)),
    reason,
    waitSeconds,
    parked: isParked(waitSeconds),
    provenNotSent,
  };
}

function detailOf({ awaits, provenNotSent, maybeSentBefore }: Retry): OrderStatusDetail {
  if (awaits !== null) return `awaiting_${awaits}`;
  return provenNotSent && !maybeSentBefore ? 'psp_requested' : 'outcome_unknown';
}

/** Waits for the buyer or the PSP: no message, no lease, and no attempt of its budget. */
export function waitFor(waiting: Waiting, pspReference: string | null, provenNotSent: boolean): Transition {
  const state = `awaiting_${waiting.awaits}` as const;
  return {
    ...ended(state, 'EXECUTING', state),
    pspReference,
    waiting,
    parked: true,
    provenNotSent,
    costsNoAttempt: true,
  };
}

/** Only an operator can decide: nothing is posted, nothing is guessed, and nothing more is sent. */
export function manualReview(reason: string): Transition {
  return { ...ended('quarantined', 'EXECUTING', 'manual_review'), reason };
}

/** Roll-back: the order ends as `FAILED`; no money has moved or can move. */
export function rollBack(failure = ROLLED_BACK): Transition {
  return { ...ended('cancelled', 'FAILED', null), failure };
}

const ROLLED_BACK: Decline = { category: 'not_processed', code: 'rolled_back', pspCode: '' };
/** It waited until it expired, and was then invalidated at the PSP. */
export const EXPIRED: Decline = { category: 'expired', code: 'expired', pspCode: '' };
