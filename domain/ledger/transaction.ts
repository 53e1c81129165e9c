import { assert } from '../assert.ts';
import type { Split } from '../money/split.ts';
import { type Account, type AccountKind, PLATFORM, type Side } from './account.ts';
import type { PostingSource, PostingType, SourceOf } from './posting-source.ts';

export interface LedgerEntry {
  readonly account: Account;
  readonly direction: Side;
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

/** An amount at a PSP account. */
export interface PspMoney {
  /** The name of the PSP account. */
  readonly psp: string;
  readonly currency: string;
  /** Minor units, greater than zero. */
  readonly amountMinor: bigint;
}

/** A seller's amount. */
export interface SellerMoney {
  readonly sellerId: string;
  readonly currency: string;
  /** Minor units, greater than zero. */
  readonly amountMinor: bigint;
}

/** A seller's part of an amount. */
export interface Share extends Split {
  /**
   * The account that gets or gives the part in place of the seller's wallet: `unallocated_seller_funds` if the seller can't be
   * credited, `platform_loss` if the platform bears it, `buyer_refund_payable` if it is owed to the buyer already.
   */
  readonly instead?: 'unallocated_seller_funds' | 'platform_loss' | 'buyer_refund_payable';
}

/** An amount at a PSP account, and whose it is. */
export interface SharedMoney extends PspMoney {
  /** Sums to the amount. */
  readonly splits: readonly Share[];
}

/** A transaction of the entries that aren't zero, with the source that its posting type has. */
export function post<Type extends PostingType>(
  source: SourceOf<Type>,
  postingType: Type,
  ...entries: readonly LedgerEntry[]
): LedgerTransaction {
  return balanced({
    source,
    postingType,
    entries: entries.filter(({ amountMinor }) => amountMinor !== 0n),
  });
}

export function debit(account: Account, amountMinor: bigint, phase: LedgerEntry['phase'] = 'posted') {
  return entry('debit', account, amountMinor, phase);
}

export function credit(account: Account, amountMinor: bigint, phase: LedgerEntry['phase'] = 'posted') {
  return entry('credit', account, amountMinor, phase);
}

function entry(
  direction: Side,
  account: Account,
  amountMinor: bigint,
  phase: LedgerEntry['phase'],
): LedgerEntry {
  return { account, direction, phase, amountMinor };
}

/** An account of the PSP account where the money is. */
export function ofPsp(kind: AccountKind, { psp, currency }: Pick<PspMoney, 'psp' | 'currency'>): Account {
  return { kind, owner: psp, currency };
}

export function ofSeller(
  kind: AccountKind,
  { sellerId, currency }: { readonly sellerId: string; readonly currency: string },
): Account {
  return { kind, owner: sellerId, currency };
}

export function ofPlatform(kind: AccountKind, { currency }: { readonly currency: string }): Account {
  return { kind, owner: PLATFORM, currency };
}

/** One entry per share. @throws AssertionError unless the shares sum to the amount. */
export function shares(
  side: Side,
  { psp, currency, amountMinor, splits }: SharedMoney,
): readonly LedgerEntry[] {
  const sum = splits.reduce((total, share) => total + share.amountMinor, 0n);
  assert(sum === amountMinor, `splits sum to ${sum}, not ${amountMinor}`);
  return splits.map((share) => entry(side, accountOf(share, psp, currency), share.amountMinor, 'posted'));
}

function accountOf({ sellerId, instead }: Share, psp: string, currency: string): Account {
  if (instead === undefined) return { kind: 'seller_payable', owner: sellerId, currency };
  return { kind: instead, owner: instead === 'platform_loss' ? PLATFORM : psp, currency };
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
