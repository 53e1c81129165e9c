import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CapturedPortion,
  type FeeRate,
  type FeeTerms,
  feeOf,
  feeOfCapture,
  feeOfRefund,
  problemOfFee,
} from '../../../domain/money/platform-fee.ts';
import { sumOf } from '../../../domain/money/split.ts';

const rate = (fixedMinor: bigint, basisPoints: bigint): FeeRate => ({ fixedMinor, basisPoints });
const someRate = fc.record({
  fixedMinor: fc.bigInt({ min: 0n, max: 500n }),
  basisPoints: fc.bigInt({ min: 0n, max: 10_000n }),
});
const captures = fc.array(
  fc.array(fc.bigInt({ min: 0n, max: 10_000n }), { minLength: 3, maxLength: 3 }).filter((each) => {
    return each.some((amount) => amount > 0n);
  }),
  { minLength: 1, maxLength: 8 },
);

describe('a fee', () => {
  test.each([
    ['of basis points', rate(0n, 250n), 10_000n, 250n],
    ['of a fixed amount', rate(300n, 0n), 10_000n, 300n],
    ['of both', rate(300n, 250n), 10_000n, 550n],
    ['rounds half a unit up', rate(0n, 50n), 100n, 1n],
    ['rounds less than half a unit down', rate(0n, 49n), 100n, 0n],
    ['is never more than what was captured', rate(300n, 250n), 200n, 200n],
    ['is nothing before a capture: a hold that is voided has none', rate(300n, 250n), 0n, 0n],
  ])('%s', (_what, fee, capturedMinor, expected) => {
    expect(feeOf(fee, capturedMinor)).toBe(expected);
  });

  const terms: FeeTerms = { standard: rate(0n, 100n), most: rate(300n, 500n), isReturned: true };
  test.each([
    ['within the merchant’s bound is accepted', rate(300n, 500n), 10_000n, undefined],
    ['of zero is accepted', rate(0n, 0n), 1n, undefined],
    [
      'with a fixed part above the bound',
      rate(301n, 0n),
      10_000n,
      'has a fixed part of 301; your account allows at most 300',
    ],
    [
      'with basis points above the bound',
      rate(0n, 501n),
      10_000n,
      'has 501 basis points; your account allows at most 500',
    ],
    ['below zero', rate(-1n, 0n), 10_000n, 'is negative; send zero or more'],
    ['with basis points below zero', rate(0n, -1n), 10_000n, 'is negative; send zero or more'],
    [
      'that comes to more than the order',
      rate(300n, 0n),
      299n,
      "comes to 300, more than the order's amount of 299",
    ],
    ['that comes to the whole order', rate(300n, 0n), 300n, undefined],
  ])('%s', (_what, fee, amountMinor, problem) => {
    expect(problemOfFee(fee, terms, amountMinor)).toBe(problem);
  });
});

describe('the fee of a capture', () => {
  const captured = (sellerId: string, capturedMinor: bigint, feeMinor = 0n): CapturedPortion => ({
    sellerId,
    capturedMinor,
    feeMinor,
  });

  test('is shared by what was captured for each seller', () => {
    const fee = feeOfCapture(rate(1n, 1_000n), [captured('anna', 7_000n), captured('ben', 3_000n)]);
    expect(fee).toEqual([
      { sellerId: 'anna', amountMinor: 701n },
      { sellerId: 'ben', amountMinor: 300n },
    ]);
  });

  test('takes the fixed part once', () => {
    const second = feeOfCapture(rate(300n, 100n), [captured('anna', 20_000n, 400n)]);
    expect(second).toEqual([{ sellerId: 'anna', amountMinor: 100n }]);
  });

  test('is, over all captures, the fee of their sum, and never more than a seller got', () => {
    fc.assert(
      fc.property(someRate, captures, (fee, parts) => {
        let portions = ['a', 'b', 'c'].map((sellerId) => captured(sellerId, 0n));
        for (const part of parts) {
          portions = portions.map((before, index) => ({
            ...before,
            capturedMinor: before.capturedMinor + (part[index] ?? 0n),
          }));
          const taken = feeOfCapture(fee, portions);
          portions = portions.map((before, index) => ({
            ...before,
            feeMinor: before.feeMinor + (taken[index]?.amountMinor ?? 0n),
          }));
          expect(taken.filter(({ amountMinor }) => amountMinor < 0n)).toEqual([]);
          expect(portions.filter(({ feeMinor, capturedMinor }) => feeMinor > capturedMinor)).toEqual([]);
        }
        const capturedMinor = portions.reduce((sum, portion) => sum + portion.capturedMinor, 0n);
        expect(portions.reduce((sum, portion) => sum + portion.feeMinor, 0n)).toBe(feeOf(fee, capturedMinor));
      }),
    );
  });
});

describe('the fee that goes back with a refund', () => {
  test('is in proportion to what was refunded, rounded down', () => {
    const anna = { sellerId: 'anna', capturedMinor: 3n, feeMinor: 2n, refundedMinor: 2n, returnedMinor: 0n };
    expect(feeOfRefund([anna])).toEqual([{ sellerId: 'anna', amountMinor: 1n }]);
  });

  test('is the whole fee once all is refunded, in however many parts', () => {
    const parts = fc.array(fc.bigInt({ min: 1n, max: 1_000n }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(parts, fc.bigInt({ min: 0n, max: 10_000n }), (refunds, basisPoints) => {
        const capturedMinor = refunds.reduce((sum, refund) => sum + refund, 0n);
        const feeMinor = feeOf(rate(0n, basisPoints), capturedMinor);
        let portion = { sellerId: 's', capturedMinor, feeMinor, refundedMinor: 0n, returnedMinor: 0n };
        for (const refund of refunds) {
          const refunded = { ...portion, refundedMinor: portion.refundedMinor + refund };
          const back = sumOf(feeOfRefund([refunded]));
          expect(back >= 0n).toBe(true);
          portion = { ...refunded, returnedMinor: portion.returnedMinor + back };
        }
        expect(portion.returnedMinor).toBe(feeMinor);
      }),
    );
  });

  test('is never negative: after a refund that failed, what was given back stays', () => {
    const ben = {
      sellerId: 'ben',
      capturedMinor: 100n,
      feeMinor: 10n,
      refundedMinor: 20n,
      returnedMinor: 5n,
    };
    expect(feeOfRefund([ben])).toEqual([{ sellerId: 'ben', amountMinor: 0n }]);
  });

  test('is never more than the fee, even if the PSP refunds more than was captured', () => {
    const ben = {
      sellerId: 'ben',
      capturedMinor: 100n,
      feeMinor: 10n,
      refundedMinor: 200n,
      returnedMinor: 4n,
    };
    expect(feeOfRefund([ben])).toEqual([{ sellerId: 'ben', amountMinor: 6n }]);
  });
});
