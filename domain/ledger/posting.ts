import { assert } from '../assert.ts';
import { type Split, sumOf } from '../money/split.ts';

/** The kinds of accounts that this release posts to; the schema names more. */
export type AccountKind = 'psp_receivable' | 'seller_payable' | 'unallocated_seller_funds';

export type PostingType = 'charge' | 'unallocated_charge';

/** What a posting books: a movement, a step of an instruction (a hold opened, a refund requested) or an operator's action. */
export type PostingSource = 'movement' | 'instruction' | 'operation';

/** One account: it has one owner and one currency. */
export interface Account {
  readonly kind: AccountKind;
  readonly owner: string;
  readonly currency: string;
}

export interface LedgerEntry {
  readonly account: Account;
  readonly direction: 'debit' | 'credit';
  /** A hold is pending; what is voided releases as much of it. */
  readonly phase: 'pending' | 'posted' | 'voided';
  /** Minor units, greater than zero. */
  readonly amountMinor: bigint;
}

/** A double-entry transaction; always balanced per currency and phase. A source is posted once under each type. */
export interface LedgerTransaction {
  readonly source: PostingSource;
  readonly postingType: PostingType;
  readonly entries: readonly LedgerEntry[];
}

export interface ChargePosting {
  readonly psp: string;
  readonly currency: string;
  readonly amountMinor: bigint;
  /** What each seller is owed; sums to the amount. */
  readonly splits: readonly Split[];
}

/** A charge: the PSP owes us the amount (debit), and we owe it to the sellers (one credit each). */
export function chargePosting(charge: ChargePosting): LedgerTransaction {
  assert(
    sumOf(charge.splits) === charge.amountMinor,
    `splits sum to ${sumOf(charge.splits)}, not ${charge.amountMinor}`,
  );
  const { currency } = charge;
  return balanced({
    source: 'movement',
    postingType: 'charge',
    entries: [
      {
        account: { kind: 'psp_receivable', owner: charge.psp, currency },
        direction: 'debit',
        phase: 'posted',
        amountMinor: charge.amountMinor,
      },
      ...charge.splits.map(
        (split): LedgerEntry => ({
          account: { kind: 'seller_payable', owner: split.sellerId, currency },
          direction: 'credit',
          phase: 'posted',
          amountMinor: split.amountMinor,
        }),
      ),
    ],
  });
}

/**
 * A charge that arrives after its order has `FAILED`: the PSP owes us the amount, but no seller is owed it until an operator
 * decides.
 */
export function unallocatedChargePosting(charge: Omit<ChargePosting, 'splits'>): LedgerTransaction {
  const { psp, currency, amountMinor } = charge;
  return balanced({
    source: 'movement',
    postingType: 'unallocated_charge',
    entries: [
      {
        account: { kind: 'psp_receivable', owner: psp, currency },
        direction: 'debit',
        phase: 'posted',
        amountMinor,
      },
      {
        account: { kind: 'unallocated_seller_funds', owner: psp, currency },
        direction: 'credit',
        phase: 'posted',
        amountMinor,
      },
    ],
  });
}

/** @throws AssertionError unless debits equal credits in every currency and phase. The database checks the same at commit. */
export function balanced(transaction: LedgerTransaction): LedgerTransaction {
  assert(transaction.entries.length >= 2, 'a transaction has at least two entries');
  const difference = new Map<string, bigint>();
  for (const { account, direction, phase, amountMinor } of transaction.entries) {
    assert(amountMinor > 0n, `an entry's amount is greater than zero, not ${amountMinor}`);
    const signed = direction === 'debit' ? amountMinor : -amountMinor;
    const group = `${account.currency} ${phase}`;
    difference.set(group, (difference.get(group) ?? 0n) + signed);
  }
  for (const [group, rest] of difference)
    assert(rest === 0n, `debits and credits differ by ${rest} ${group}`);
  return transaction;
}

/** What the PSPs owe us is in every batch: these balances are sharded, so that batches don't wait for each other. */
export function isSharded(kind: AccountKind): boolean {
  return kind === 'psp_receivable';
}
