import { type Account, type AccountClass, type AccountKind, CHART, normalSideOf } from './account.ts';
import type { LedgerEntry } from './transaction.ts';

/** An account's sums, in minor units: the columns of `account_balance`. */
export interface AccountBalance {
  readonly account: Account;
  readonly postedDebits: bigint;
  readonly postedCredits: bigint;
  /** What is held and not released. */
  readonly pendingDebits: bigint;
  readonly pendingCredits: bigint;
}

/** What entries add up to: one balance per account, in the order in which the accounts first appear. */
export function balancesOf(entries: readonly LedgerEntry[]): readonly AccountBalance[] {
  const balances = new Map<string, AccountBalance>();
  for (const entry of entries) {
    const name = JSON.stringify(entry.account);
    balances.set(name, added(balances.get(name) ?? { account: entry.account, ...NO_SUMS }, entry));
  }
  return [...balances.values()];
}

const NO_SUMS = { postedDebits: 0n, postedCredits: 0n, pendingDebits: 0n, pendingCredits: 0n };

function added(balance: AccountBalance, { direction, phase, amountMinor }: LedgerEntry): AccountBalance {
  if (phase === 'posted') {
    return direction === 'debit'
      ? { ...balance, postedDebits: balance.postedDebits + amountMinor }
      : { ...balance, postedCredits: balance.postedCredits + amountMinor };
  }
  const held = phase === 'pending' ? amountMinor : -amountMinor;
  return direction === 'debit'
    ? { ...balance, pendingDebits: balance.pendingDebits + held }
    : { ...balance, pendingCredits: balance.pendingCredits + held };
}

/** What is posted, on the account's normal side: negative if the balance is on the other side. */
export function postedBalance({ account, postedDebits, postedCredits }: AccountBalance): bigint {
  return normalSideOf(account.kind) === 'debit' ? postedDebits - postedCredits : postedCredits - postedDebits;
}

/**
 * Under which class a balance is reported. Balances on the other side are never netted: wallets below zero are what sellers
 * owe us, an asset, beside what we owe the others.
 */
export function reportedClass(kind: AccountKind, balanceMinor: bigint): AccountClass {
  const normal = CHART[kind].class;
  if (balanceMinor >= 0n) return normal;
  if (normal === 'asset') return 'liability';
  return normal === 'liability' ? 'asset' : normal;
}
