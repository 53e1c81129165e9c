import { describe, expect, test } from 'vitest';
import type { CurrencyLimits } from '../../../domain/payment/psp-abilities.ts';
import { EVERY_AMOUNT } from '../../../domain/payment/psp-abilities.ts';
import { problemOfAccount } from '../../../lambdas/accept-payment/psp-limits.ts';

/** Takes no tenths of a fils, and won of its own bounds. */
const LIMITED: CurrencyLimits = (currency) =>
  ({
    KRW: { minimumMinor: 100n, maximumMinor: 10_000n, exponent: 0 },
    KWD: { minimumMinor: 10n, maximumMinor: 10n ** 9n, exponent: 2 },
  })[currency];

const problemsOf = (orders: readonly (readonly [amount: number, currency: string])[], limits = LIMITED) => {
  const request = {
    merchant_reference: 'r',
    buyer_id: 'b',
    payment_method: 'sim_ok',
    payment_orders: orders.map(([amount, currency]) => ({ amount, currency, seller_id: 's' })),
  };
  return problemOfAccount(request, new Map([['simulator', { currencies: limits }]]))?.errors;
};

describe('an amount that the PSP account takes', () => {
  test.each([
    [100, 'KRW'],
    [10_000, 'KRW'],
    [12_340, 'KWD'],
  ])('%i %s is accepted', (amount, currency) => {
    expect(problemsOf([[amount, currency]])).toBeUndefined();
  });

  test('is any of a currency that we know where the account has no limits', () => {
    for (const currency of ['KRW', 'USD', 'KWD']) {
      expect(problemsOf([[1, currency]], EVERY_AMOUNT)).toBeUndefined();
      expect(problemsOf([[2 ** 53 - 1, currency]], EVERY_AMOUNT)).toBeUndefined();
    }
  });
});

describe('an amount that the PSP account doesn’t take is refused with its value and the fix', () => {
  test.each([
    [99, 'KRW', 'amount', 'is 99 KRW; this PSP account takes at least 100 KRW'],
    [10_001, 'KRW', 'amount', 'is 10,001 KRW; this PSP account takes at most 10,000 KRW'],
    [12_345, 'KWD', 'amount', 'is 12.345 KWD; this PSP account takes multiples of 0.010 KWD'],
    [500, 'USD', 'currency', "is USD, which this PSP account doesn't take; use another"],
  ])('%i %s', (amount, currency, field, detail) => {
    expect(problemsOf([[amount, currency]])).toEqual([{ pointer: `/payment_orders/0/${field}`, detail }]);
  });

  test('for each order', () => {
    const problems = problemsOf([
      [99, 'KRW'],
      [100, 'KRW'],
      [1, 'USD'],
    ]);
    expect(problems?.map(({ pointer }) => pointer)).toEqual([
      '/payment_orders/0/amount',
      '/payment_orders/2/currency',
    ]);
  });
});

test('a token of a PSP at which the stage has no account is refused', () => {
  const request = { merchant_reference: 'r', buyer_id: 'b', payment_method: 'sim2_ok', payment_orders: [] };
  expect(
    problemOfAccount(request, new Map([['simulator', { currencies: EVERY_AMOUNT }]]))?.message,
  ).toContain(
    '/payment_method: is a token of simulator_2, where this stage has no account; send a token of another PSP',
  );
});
