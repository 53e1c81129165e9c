import { assert } from '../assert.ts';
import { type Split, sumOf } from '../money/split.ts';

/** The kinds of accounts that this release posts to; the schema names more. */
export type AccountKind = 'psp_receivable' | 'seller_payable';

export type PostingType = 'charge';

/** One account: it has one owner and one currency. */
export interface Account {
  readonly kind: AccountKind;
  readonly owner: string;
  readonly currency: string;
}

export interface LedgerEntry {
  readonly account: Account;
  readonly direction: 'debit' | 'credit';
  /** Minor units, greater than zero. */
  readonly amountMinor: bigint;
}

/** A double-entry transaction; always balanced per currency. */
export interface LedgerTransaction {
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
    postingType: 'charge',
    entries: [
      {
        account: { kind: 'psp_receivable', owner: charge.psp, currency },
        direction: 'debit',
        amountMinor: charge.amountMinor,
      },
      ...charge.splits.map(
        (split): LedgerEntry => ({
          account: { kind: 'seller_payable', owner: split.sellerId, currency },
          direction: 'credit',
          amountMinor: split.amountMinor,
        }),
      ),
    ],
  });
}

/** @throws AssertionError unless debits equal credits in every currency. The database checks the same at commit. */
export function balanced(transaction: LedgerTransaction): LedgerTransaction {
  assert(transaction.entries.length >= 2, 'a transaction has at least two entries');
  const difference = new Map<string, bigint>();
  for (const { account, direction, amountMinor } of transaction.entries) {
    assert(amountMinor > 0n, `an entry's amount is greater than zero, not ${amountMinor}`);
    const signed = direction === 'debit' ? amountMinor : -amountMinor;
    difference.set(account.currency, (difference.get(account.currency) ?? 0n) + signed);
  }
  for (const [currency, rest] of difference)
    assert(rest === 0n, `debits and credits differ by ${rest} ${currency}`);
  return transaction;
}

/** The platform's own accounts are in every batch: their balances are sharded, so that batches don't wait for each other. */
export function isPlatformAccount(kind: AccountKind): boolean {
  return kind === 'psp_receivable';
}
