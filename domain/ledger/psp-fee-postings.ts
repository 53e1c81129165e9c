import {
  credit,
  debit,
  type LedgerEntry,
  type LedgerTransaction,
  ofPlatform,
  ofPsp,
  type PspMoney,
  post,
  type Share,
  shares,
} from './transaction.ts';

/** A fee of a PSP. The amount is that without tax. */
export interface PspFee extends PspMoney {
  /** Minor units; zero if the PSP shows no tax. */
  readonly taxMinor: bigint;
}

/** A fee that the PSP takes from its balance. */
export function pspFeePosting(fee: PspFee): LedgerTransaction {
  return post('movement', 'psp_fee', ...expense(fee), credit(ofPsp('psp_receivable', fee), gross(fee)));
}

export function pspFeeCreditPosting(fee: PspFee): LedgerTransaction {
  return post(
    'movement',
    'psp_fee_credit',
    debit(ofPsp('psp_receivable', fee), gross(fee)),
    ...mirrored(expense(fee)),
  );
}

/** A fee by the PSP's invoice, which its balance doesn't show. */
export function pspFeeInvoicedPosting(fee: PspFee): LedgerTransaction {
  return post(
    'operation',
    'psp_fee_invoiced',
    ...expense(fee),
    credit(ofPsp('psp_invoice_payable', fee), gross(fee)),
  );
}

export function pspInvoicePaidPosting(invoice: PspMoney): LedgerTransaction {
  return post(
    'operation',
    'psp_invoice_paid',
    debit(ofPsp('psp_invoice_payable', invoice), invoice.amountMinor),
    credit(ofPlatform('bank_cash', invoice), invoice.amountMinor),
  );
}

export interface DisputeFee extends PspFee {
  /** The sellers that bear it, tax included; undefined if the platform does. */
  readonly splits?: readonly Share[];
}

/** A fee for a dispute received or countered: an expense of its own kind, and never a part of the loss. */
export function disputeFeePosting(fee: DisputeFee): LedgerTransaction {
  return post(
    'movement',
    'dispute_fee',
    ...disputeExpense(fee),
    credit(ofPsp('psp_receivable', fee), gross(fee)),
  );
}

/** A countered dispute was won: its fee comes back to its bearers. The fee of a received dispute never does. */
export function disputeFeeCreditPosting(fee: DisputeFee): LedgerTransaction {
  return post(
    'movement',
    'dispute_fee_credit',
    debit(ofPsp('psp_receivable', fee), gross(fee)),
    ...mirrored(disputeExpense(fee)),
  );
}

function expense(
  fee: PspFee,
  kind: 'psp_fee_expense' | 'dispute_fee_expense' = 'psp_fee_expense',
): readonly LedgerEntry[] {
  return [debit(ofPsp(kind, fee), fee.amountMinor), debit(ofPsp('input_vat', fee), fee.taxMinor)];
}

function disputeExpense(fee: DisputeFee): readonly LedgerEntry[] {
  const { splits } = fee;
  return splits === undefined
    ? expense(fee, 'dispute_fee_expense')
    : shares('debit', { ...fee, amountMinor: gross(fee), splits });
}

function gross({ amountMinor, taxMinor }: PspFee): bigint {
  return amountMinor + taxMinor;
}

function mirrored(debits: readonly LedgerEntry[]): readonly LedgerEntry[] {
  return debits.map(({ account, amountMinor }) => credit(account, amountMinor));
}
