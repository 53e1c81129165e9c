import type { LedgerTransaction } from '../ledger/posting.ts';
import { isParked } from './backoff.ts';
import type { InstructionState } from './instruction.ts';
import type { Decline } from './psp-outcome.ts';
import type { OrderStatus, OrderStatusDetail } from './status.ts';

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
  /** What a parked one waits for beside the time: that its PSP's circuit closes, or that its PSP's rate has room. */
  readonly waitsFor: 'circuit' | 'rate' | null;
  /** This attempt is proven never to have reached the PSP's books. */
  readonly provenNotSent: boolean;
  /** It doesn't count towards the attempts of its cycle: it failed for no reason of the instruction's. */
  readonly costsNoAttempt: boolean;
  readonly posting: LedgerTransaction | null;
}

/** An end, or a wait for a person. */
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
    posting: null,
  };
}

export interface Retry {
  readonly reason: string;
  readonly waitSeconds: number;
  readonly provenNotSent: boolean;
  /** Whether some attempt before this one may have reached the PSP. */
  readonly maybeSentBefore: boolean;
}

/** Another attempt, later. */
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

/** Where only an operator can tell: nothing is posted, nothing is guessed, no more is sent. */
export function manualReview(reason: string): Transition {
  return { ...ended('quarantined', 'EXECUTING', 'manual_review'), reason };
}

/** The roll-back commit: the order ends as `FAILED`, and no money has moved or can move. */
export function rollBack(): Transition {
  return {
    ...ended('cancelled', 'FAILED', null),
    failure: { category: 'not_processed', code: 'rolled_back', pspCode: '' },
  };
}
