import { type Split, sumOf } from '../money/split.ts';
import {
  credit,
  debit,
  type LedgerEntry,
  type LedgerTransaction,
  ofPlatform,
  ofPsp,
  ofSeller,
  type PspMoney,
  post,
  type SharedMoney,
  shares,
} from './transaction.ts';

/** A charge: the PSP owes us the amount (debit), and we owe it to the sellers (one credit each). */
export function chargePosting(charge: SharedMoney): LedgerTransaction {
  return post('movement', 'charge', ...taken(charge));
}

/**
 * A charge that arrives after its order has `FAILED`: the PSP owes us the amount, but no seller is owed it until an operator
 * decides.
 */
export function unallocatedChargePosting(charge: PspMoney): LedgerTransaction {
  return post(
    'movement',
    'unallocated_charge',
    debit(ofPsp('psp_receivable', charge), charge.amountMinor),
    credit(ofPsp('unallocated_seller_funds', charge), charge.amountMinor),
  );
}

/** An operator decides which sellers are owed what was owed to none. */
export function unallocatedFundsAssignedPosting(assigned: SharedMoney): LedgerTransaction {
  return post(
    'operation',
    'unallocated_funds_assigned',
    debit(ofPsp('unallocated_seller_funds', assigned), assigned.amountMinor),
    ...shares('credit', assigned),
  );
}

export interface Hold extends Omit<PspMoney, 'amountMinor'> {
  /** What is held for each seller. */
  readonly held: readonly Split[];
}

/** An authorization: what a charge will be, in pending entries. */
export function authorizationPosting(hold: Hold): LedgerTransaction {
  return post('movement', 'authorization', ...held(hold, 'pending'));
}

/** The end of a hold without a capture: a void, or an expiry by the PSP's word. */
export function authorizationReleasePosting(hold: Hold): LedgerTransaction {
  return post('movement', 'authorization_release', ...held(hold, 'voided'));
}

export interface Capture extends SharedMoney, Hold {
  /** Nothing more will be captured: the rest of the hold is released. */
  readonly isFinal: boolean;
}

/**
 * A capture: the whole hold is released, the captured amount is posted, and what is left is held anew, all in one transaction.
 * A late capture whose hold is closed (`held` is empty) is only posted. So is what the PSP captures above the hold: limits are
 * kept when a capture is accepted, and never against what has happened.
 */
export function capturePosting(capture: Capture): LedgerTransaction {
  const rest = capture.isFinal ? [] : capture.held.map((hold) => restOf(hold, capture.splits));
  return post(
    'movement',
    'capture',
    ...held(capture, 'voided'),
    ...taken(capture),
    ...held({ ...capture, held: rest }, 'pending'),
  );
}

/** A charge or capture that the PSP takes back after its success: the buyer's bank returned it. */
export function chargeReversalPosting(reversal: SharedMoney): LedgerTransaction {
  return post(
    'movement',
    'charge_reversal',
    ...shares('debit', reversal),
    credit(ofPsp('psp_receivable', reversal), reversal.amountMinor),
  );
}

/** The platform's fee, from each seller. It is taken from what was captured, so that a hold and its void never have one. */
export function platformFeePosting(fee: SharedMoney): LedgerTransaction {
  return post(
    'movement',
    'platform_fee',
    ...shares('debit', fee),
    credit(ofPlatform('platform_fee_revenue', fee), fee.amountMinor),
  );
}

/** The part of the fee that goes back to the sellers with a refund or a reversal. */
export function platformFeeReturnedPosting(fee: SharedMoney): LedgerTransaction {
  return post(
    'movement',
    'platform_fee_returned',
    debit(ofPlatform('platform_fee_revenue', fee), fee.amountMinor),
    ...shares('credit', fee),
  );
}

function taken(charge: SharedMoney): readonly LedgerEntry[] {
  return [debit(ofPsp('psp_receivable', charge), charge.amountMinor), ...shares('credit', charge)];
}

/** The entries of a hold, or of its release: the same accounts and sides in another phase. */
function held({ psp, currency, held }: Hold, phase: 'pending' | 'voided'): readonly LedgerEntry[] {
  return [
    debit(ofPsp('psp_receivable', { psp, currency }), sumOf(held), phase),
    ...held.map(({ sellerId, amountMinor }) =>
      credit(ofSeller('seller_payable', { sellerId, currency }), amountMinor, phase),
    ),
  ];
}

function restOf({ sellerId, amountMinor }: Split, captured: readonly Split[]): Split {
  const rest = amountMinor - sumOf(captured.filter((part) => part.sellerId === sellerId));
  return { sellerId, amountMinor: rest > 0n ? rest : 0n };
}
