import type { Account } from './account.ts';
import {
  credit,
  debit,
  type LedgerTransaction,
  ofPlatform,
  ofPsp,
  ofSeller,
  post,
  type SellerMoney,
} from './transaction.ts';

export interface Payout extends SellerMoney {
  /** The PSP account whose balance it leaves; null if it leaves our bank account. */
  readonly psp: string | null;
}

/** A payout that is accepted leaves the wallet at once. */
export function payoutRequestedPosting(payout: SellerMoney): LedgerTransaction {
  return post(
    'instruction',
    'payout_requested',
    debit(ofSeller('seller_payable', payout), payout.amountMinor),
    credit(ofSeller('payout_clearing', payout), payout.amountMinor),
  );
}

/** Declined, or cancelled before it was sent. */
export function payoutFailedPosting(payout: SellerMoney): LedgerTransaction {
  return post(
    'instruction',
    'payout_failed',
    debit(ofSeller('payout_clearing', payout), payout.amountMinor),
    credit(ofSeller('seller_payable', payout), payout.amountMinor),
  );
}

export function payoutPosting(payout: Payout): LedgerTransaction {
  return post(
    'movement',
    'payout',
    debit(ofSeller('payout_clearing', payout), payout.amountMinor),
    credit(railOf(payout), payout.amountMinor),
  );
}

/** Failed after it had been paid: it bounced, and the seller is owed it again. */
export function payoutFailurePosting(payout: Payout): LedgerTransaction {
  return post(
    'movement',
    'payout_failure',
    debit(railOf(payout), payout.amountMinor),
    credit(ofSeller('seller_payable', payout), payout.amountMinor),
  );
}

function railOf({ psp, currency }: Payout): Account {
  return psp === null ? ofPlatform('bank_cash', { currency }) : ofPsp('psp_receivable', { psp, currency });
}
