import { describe, expect, test } from 'vitest';
import { type AccountKind, CHART, isSharded, normalSideOf } from '../../../../domain/ledger/account.ts';
import { balancesOf, postedBalance, reportedClass } from '../../../../domain/ledger/balances.ts';
import { credit, debit } from '../../../../domain/ledger/transaction.ts';

const KINDS = Object.keys(CHART) as AccountKind[];

describe('the chart of accounts', () => {
  test.each([
    ['psp_receivable', 'debit'],
    ['seller_payable', 'credit'],
    ['platform_fee_revenue', 'credit'],
    ['psp_fee_expense', 'debit'],
  ] as const)('has %s grow by a %s', (kind, side) => {
    expect(normalSideOf(kind)).toBe(side);
  });

  test('spreads no balance of a seller over shards: it is read and locked as one', () => {
    expect(KINDS.filter((kind) => CHART[kind].owner === 'seller' && isSharded(kind))).toEqual([]);
  });

  test('spreads what most batches post to', () => {
    expect(isSharded('psp_receivable')).toBe(true);
    expect(isSharded('platform_fee_revenue')).toBe(true);
    expect(isSharded('unallocated_seller_funds')).toBe(false);
  });
});

describe('balances', () => {
  const wallet = { kind: 'seller_payable', owner: 'anna', currency: 'KRW' } as const;

  test('sum what is posted and what is held, each side alone, per account and currency', () => {
    const usd = { ...wallet, currency: 'USD' };
    const receivable = { kind: 'psp_receivable', owner: 'card_kr', currency: 'KRW' } as const;
    const entries = [
      credit(wallet, 100n, 'pending'),
      credit(wallet, 100n, 'voided'),
      credit(wallet, 60n),
      credit(wallet, 40n, 'pending'),
      debit(wallet, 25n),
      credit(usd, 7n),
      debit(receivable, 40n, 'pending'),
    ];
    expect(balancesOf(entries)).toEqual([
      { account: wallet, postedDebits: 25n, postedCredits: 60n, pendingDebits: 0n, pendingCredits: 40n },
      { account: usd, postedDebits: 0n, postedCredits: 7n, pendingDebits: 0n, pendingCredits: 0n },
      { account: receivable, postedDebits: 0n, postedCredits: 0n, pendingDebits: 40n, pendingCredits: 0n },
    ]);
    expect(balancesOf(entries).map(postedBalance)).toEqual([35n, 7n, 0n]);
  });

  test('are positive on the account’s normal side', () => {
    const fee = { kind: 'psp_fee_expense', owner: 'card_kr', currency: 'KRW' } as const;
    expect(balancesOf([debit(fee, 3n), debit(wallet, 3n)]).map(postedBalance)).toEqual([3n, -3n]);
  });

  test.each([
    ['a wallet', 'seller_payable', 5n, 'liability'],
    ['an empty wallet', 'seller_payable', 0n, 'liability'],
    ['a wallet below zero, which the seller owes us', 'seller_payable', -5n, 'asset'],
    ['a PSP that we owe', 'psp_receivable', -5n, 'liability'],
    ['a shortage in suspense', 'suspense', -5n, 'asset'],
    ['fees of which more came back than was taken', 'psp_fee_expense', -5n, 'expense'],
  ] as const)('are reported gross: %s', (_what, kind, balanceMinor, reported) => {
    expect(reportedClass(kind, balanceMinor)).toBe(reported);
  });
});
