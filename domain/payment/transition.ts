import type { Movement } from '../ledger/movement.ts';
import type { AmountDeltas } from '../ledger/order-amounts.ts';
import type { LedgerTransaction } from '../ledger/posting.ts';
import { isParked } from './backoff.ts';
import type { InstructionState } from './instruction.ts';
import type { Decline } from './psp-outcome.ts';
import type { OrderStatus, OrderStatusDetail } from './status.ts';

/** The result of an attempt: the next states of the instruction and its order, and what is posted. */
export interface Transition {
  readonly state: Exclude<InstructionState, 'executing'>;
  readonly orderStatus: OrderStatus;
  readonly orderStatusDetail: OrderStatusDetail;
  /** Why the instruction waits or is quarantined; null if its state says enough. */
  readonly reason: string | null;
  readonly failure: Decline | null;
  readonly pspReference: string | null;
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

/** A transition to a terminal state or to manual review. */
export function ended(
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
}

/** A transition to another attempt, later. */
export function retry({ reason, waitSeconds, provenNotSent, maybeSentBefore }: Retry): Transition {
  const isUnknown = !provenNotSent || maybeSentBefore;
  return {
    ...ended('ready', 'EXECUTING', isUnknown ? 'outcome_unknown' : 'psp_requested'),
    reason,
    waitSeconds,
    parked: isParked(waitSeconds),
    provenNotSent,
  };
}

/** Only an operator can decide: nothing is posted, nothing is guessed, and nothing more is sent. */
export function manualReview(reason: string): Transition {
  return { ...ended('quarantined', 'EXECUTING', 'manual_review'), reason };
}

/** Roll-back: the order ends as `FAILED`; no money has moved or can move. */
export function rollBack(): Transition {
  return {
    ...ended('cancelled', 'FAILED', null),
    failure: { category: 'not_processed', code: 'rolled_back', pspCode: '' },
  };
}
