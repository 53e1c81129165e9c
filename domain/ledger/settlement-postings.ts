import type { Account } from './account.ts';
import {
  credit,
  debit,
  type LedgerEntry,
  type LedgerTransaction,
  ofPlatform,
  ofPsp,
  type PspMoney,
  post,
} from './transaction.ts';

/** The PSP pays out to our bank account. Its word is a forecast: the money is in transit until the bank shows it. */
export function settlementSentPosting(settlement: PspMoney): LedgerTransaction {
  return post(
    'movement',
    'settlement_sent',
    debit(ofPsp('psp_payout_in_transit', settlement), settlement.amountMinor),
    credit(ofPsp('psp_receivable', settlement), settlement.amountMinor),
  );
}

export interface ReceivedSettlement extends PspMoney {
  /** What the bank received, in minor units; the amount is what the PSP sent. */
  readonly receivedMinor: bigint;
}

/** The bank received a settlement. What is missing or too much is in suspense until it is explained. */
export function settlementReceivedPosting(settlement: ReceivedSettlement): LedgerTransaction {
  const { amountMinor, receivedMinor } = settlement;
  return post(
    'operation',
    'settlement_received',
    debit(ofPlatform('bank_cash', settlement), receivedMinor),
    ...inSuspense(settlement, receivedMinor - amountMinor),
    credit(ofPsp('psp_payout_in_transit', settlement), amountMinor),
  );
}

export interface FailedSettlement extends PspMoney {
  /** Whether the bank had received it. */
  readonly hadArrived: boolean;
}

/** A settlement bounced: the PSP has the money again. */
export function settlementFailedPosting(settlement: FailedSettlement): LedgerTransaction {
  return post(
    'movement',
    'settlement_failed',
    debit(ofPsp('psp_receivable', settlement), settlement.amountMinor),
    credit(
      settlement.hadArrived
        ? ofPlatform('bank_cash', settlement)
        : ofPsp('psp_payout_in_transit', settlement),
      settlement.amountMinor,
    ),
  );
}

/** Our bank pays the PSP: it debits us for a negative balance, or we top it up. */
export function pspTopUpPosting(topUp: PspMoney): LedgerTransaction {
  return post(
    'operation',
    'psp_top_up',
    debit(ofPsp('psp_receivable', topUp), topUp.amountMinor),
    credit(ofPlatform('bank_cash', topUp), topUp.amountMinor),
  );
}

/**
 * A line of the PSP that nothing explains, of either sign. Fees, refunds, disputes and reserves that we hadn't heard of are no
 * adjustments: each is booked as what it is.
 */
export function adjustmentPosting(line: PspMoney): LedgerTransaction {
  const receivable = ofPsp('psp_receivable', line);
  const { amountMinor } = line;
  return post(
    'movement',
    'adjustment',
    amountMinor > 0n ? debit(receivable, amountMinor) : credit(receivable, -amountMinor),
    ...inSuspense(line, amountMinor),
  );
}

export interface ResolvedSuspense extends PspMoney {
  /** What is resolved: a shortage, which is a debit in suspense, or a surplus, a credit. */
  readonly difference: 'shortage' | 'surplus';
  /** Where it belongs: `psp_fee_expense` for a fee, `seller_payable` for a seller's money, `platform_loss` for what nobody finds. */
  readonly account: Account;
}

/** A difference is explained: it moves from suspense to where it belongs. */
export function suspenseResolvedPosting(resolved: ResolvedSuspense): LedgerTransaction {
  const suspense = ofPsp('suspense', resolved);
  const { account, amountMinor, difference } = resolved;
  return difference === 'shortage'
    ? post('operation', 'suspense_resolved', debit(account, amountMinor), credit(suspense, amountMinor))
    : post('operation', 'suspense_resolved', debit(suspense, amountMinor), credit(account, amountMinor));
}

export interface Exchange {
  readonly psp: string;
  readonly from: { readonly currency: string; readonly amountMinor: bigint };
  /** What was received, after the fee. */
  readonly to: { readonly currency: string; readonly amountMinor: bigint };
  /** In the currency received; zero if the rate holds it. */
  readonly feeMinor: bigint;
}

/**
 * The PSP converts money: a position in the currency given up, its counterpart in that received. Each currency balances alone, and
 * positions are not revalued: what they are worth is a report's question. A refund converts the other way.
 */
export function exchangePosting({ psp, from, to, feeMinor }: Exchange): LedgerTransaction {
  const given = { psp, currency: from.currency };
  const received = { psp, currency: to.currency };
  return post(
    'movement',
    'exchange',
    debit(ofPsp('fx_position', given), from.amountMinor),
    credit(ofPsp('psp_receivable', given), from.amountMinor),
    debit(ofPsp('psp_receivable', received), to.amountMinor),
    debit(ofPsp('psp_fee_expense', received), feeMinor),
    credit(ofPsp('fx_position', received), to.amountMinor + feeMinor),
  );
}

/** A surplus is a credit in suspense, a shortage a debit. */
function inSuspense(money: PspMoney, differenceMinor: bigint): readonly LedgerEntry[] {
  const suspense = ofPsp('suspense', money);
  return differenceMinor > 0n ? [credit(suspense, differenceMinor)] : [debit(suspense, -differenceMinor)];
}
