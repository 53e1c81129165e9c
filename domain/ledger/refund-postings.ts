import {
  credit,
  debit,
  type LedgerTransaction,
  ofPlatform,
  ofPsp,
  type PspMoney,
  post,
  type SharedMoney,
  shares,
} from './transaction.ts';

/** A refund that is accepted is reserved: its bearers can't pay it out or refund it again. */
export function refundRequestedPosting(refund: SharedMoney): LedgerTransaction {
  return post(
    'instruction',
    'refund_requested',
    ...shares('debit', refund),
    credit(ofPsp('refund_clearing', refund), refund.amountMinor),
  );
}

/** The PSP has paid the refund that was reserved. */
export function refundPosting(refund: PspMoney): LedgerTransaction {
  return post(
    'movement',
    'refund',
    debit(ofPsp('refund_clearing', refund), refund.amountMinor),
    credit(ofPsp('psp_receivable', refund), refund.amountMinor),
  );
}

/** A refund that nothing is reserved for: it was made in the PSP's dashboard, or its reservation is closed. */
export function unreservedRefundPosting(refund: SharedMoney): LedgerTransaction {
  return post(
    'movement',
    'refund',
    ...shares('debit', refund),
    credit(ofPsp('psp_receivable', refund), refund.amountMinor),
  );
}

/** Declined, or cancelled before it was sent: its bearers get the reserved amount back. */
export function refundFailedPosting(refund: SharedMoney): LedgerTransaction {
  return post(
    'instruction',
    'refund_failed',
    debit(ofPsp('refund_clearing', refund), refund.amountMinor),
    ...shares('credit', refund),
  );
}

/** Failed after it had succeeded: the PSP has the money again, and it is owed to the buyer, not to the seller. */
export function refundFailurePosting(refund: PspMoney): LedgerTransaction {
  return post(
    'movement',
    'refund_failure',
    debit(ofPsp('psp_receivable', refund), refund.amountMinor),
    credit(ofPsp('buyer_refund_payable', refund), refund.amountMinor),
  );
}

/** The buyer got the failed refund in another way: from our bank account. */
export function buyerRefundPaidPosting(refund: PspMoney): LedgerTransaction {
  return post(
    'operation',
    'buyer_refund_paid',
    debit(ofPsp('buyer_refund_payable', refund), refund.amountMinor),
    credit(ofPlatform('bank_cash', refund), refund.amountMinor),
  );
}

/** An operator decides that the buyer isn't owed the failed refund: its bearers get it back. */
export function buyerRefundReleasedPosting(refund: SharedMoney): LedgerTransaction {
  return post(
    'operation',
    'buyer_refund_released',
    debit(ofPsp('buyer_refund_payable', refund), refund.amountMinor),
    ...shares('credit', refund),
  );
}
