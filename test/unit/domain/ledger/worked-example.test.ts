import { describe, expect, test } from 'vitest';
import { balancesOf, postedBalance } from '../../../../domain/ledger/balances.ts';
import { DISPUTE, FEE, FEE_BACK, LIFE, REFUND } from './worked-example.ts';

describe('the worked example', () => {
  const balances = balancesOf(LIFE.flatMap(({ posts }) => posts?.entries ?? []));
  const balanceOf = (kind: string, owner: string) =>
    balances
      .filter(({ account }) => account.kind === kind && account.owner === owner)
      .map(postedBalance)
      .reduce((sum, balance) => sum + balance, 0n);
  const amounts = (splits: readonly { readonly amountMinor: bigint }[]) =>
    splits.map(({ amountMinor }) => amountMinor);

  test('shares the fee, the refund, the fee on it and the dispute to the last won', () => {
    expect(amounts(FEE)).toEqual([420n, 180n]);
    expect(amounts(REFUND)).toEqual([701n, 300n]);
    expect(amounts(FEE_BACK)).toEqual([42n, 18n]);
    // 8,999 is left of the order: 6,299 and 2,700. The 501 above it are shared 7 : 3.
    expect(amounts(DISPUTE)).toEqual([6_299n + 351n, 2_700n + 150n]);
  });

  test.each([
    // 7,000 − 420 − 701 + 42 = 5,921 for anna, paid and bounced; then the dispute of 6,650.
    ['seller_payable', 'anna', 5_921n - 6_650n],
    // 3,000 − 180 − 300 + 18 = 2,538 for ben, paid out; then the dispute of 2,850, written off.
    ['seller_payable', 'ben', 0n],
    ['seller_debt_loss', 'ben', 2_350n],
    ['platform_fee_revenue', 'platform', 540n],
    ['psp_fee_expense', 'card_kr', 300n],
    ['dispute_fee_expense', 'card_kr', 1_500n],
    ['input_vat', 'card_kr', 180n],
    // 8,669 received, 2,538 paid to ben, 11,150 to the PSP, 500 recovered.
    ['bank_cash', 'platform', 8_669n - 2_538n - 11_150n + 500n],
    ['psp_receivable', 'card_kr', 0n],
    ['refund_clearing', 'card_kr', 0n],
    ['payout_clearing', 'anna', 0n],
    ['payout_clearing', 'ben', 0n],
    ['dispute_reserve', 'card_kr', 0n],
    ['dispute_receivable', 'card_kr', 0n],
    ['psp_payout_in_transit', 'card_kr', 0n],
  ] as const)('leaves on %s of %s %s won', (kind, owner, balanceMinor) => {
    expect(balanceOf(kind, owner)).toBe(balanceMinor);
  });

  test('ends with a trial balance of zero, and nothing held', () => {
    const net = balances.reduce(
      (sum, { postedDebits, postedCredits }) => sum + postedDebits - postedCredits,
      0n,
    );
    expect(net).toBe(0n);
    expect(
      balances.filter(({ pendingDebits, pendingCredits }) => pendingDebits + pendingCredits !== 0n),
    ).toEqual([]);
  });
});
