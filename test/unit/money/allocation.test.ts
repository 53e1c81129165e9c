import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  allocate,
  allocateDispute,
  allocateNext,
  availableOf,
  type Portion,
  problemOfSplits,
} from '../../../domain/money/allocation.ts';
import { sumOf } from '../../../domain/money/split.ts';

const amount = fc.bigInt({ min: 0n, max: 2n ** 53n - 1n });
const small = fc.bigInt({ min: 0n, max: 40n });
/** Totals of sellers: large ones, and small ones, where rounding matters most. */
const totals = fc
  .oneof(fc.array(amount, { minLength: 1, maxLength: 50 }), fc.array(small, { minLength: 1, maxLength: 6 }))
  .filter((each) => sum(each) > 0n);

const sum = (amounts: readonly bigint[]) => amounts.reduce((total, each) => total + each, 0n);
const amountsOf = (splits: readonly { readonly amountMinor: bigint }[]) =>
  splits.map(({ amountMinor }) => amountMinor);
const fresh = (each: readonly bigint[]): readonly Portion[] =>
  each.map((totalMinor, index) => ({ sellerId: `s${index}`, totalMinor, usedMinor: 0n }));
const portion = (sellerId: string, totalMinor: bigint, usedMinor = 0n): Portion => ({
  sellerId,
  totalMinor,
  usedMinor,
});

/** Takes the parts one after the other, each allocated by what was used before. */
function takenInParts(each: readonly bigint[], parts: readonly bigint[]) {
  let portions = fresh(each);
  const history = [portions];
  for (const part of parts) {
    const shares = allocateNext(part, portions);
    portions = portions.map((before, index) => ({
      ...before,
      usedMinor: before.usedMinor + (shares[index]?.amountMinor ?? 0n),
    }));
    history.push(portions);
  }
  return history;
}

/** Totals, and parts that sum to all of them: one part for each of some cuts. */
const inParts = totals.chain((each) =>
  fc
    .array(fc.bigInt({ min: 0n, max: sum(each) }), { maxLength: 30 })
    .map((cuts) => [0n, ...cuts, sum(each)].toSorted((one, other) => Number(one - other)))
    .map((cuts) => cuts.slice(1).map((cut, index) => cut - (cuts[index] ?? 0n)))
    .map((parts) => ({ each, parts })),
);

describe('an amount', () => {
  test.each([
    ['in equal shares: the odd unit goes to the first', 100n, [1n, 1n, 1n], [34n, 33n, 33n]],
    ['by weight: the odd unit goes to the largest remainder', 10n, [6n, 6n, 2n], [4n, 4n, 2n]],
    ['smaller than the number of its shares', 1n, [5n, 5n, 5n], [1n, 0n, 0n]],
    ['of zero', 0n, [0n, 0n], [0n, 0n]],
    ['with a weight of zero', 7n, [0n, 1n], [0n, 7n]],
    ['whose remainders are equal in pairs', 2n, [1n, 3n, 1n, 3n], [0n, 1n, 0n, 1n]],
  ])('is allocated %s', (_what, amountMinor, weights, shares) => {
    expect(allocate(amountMinor, weights)).toEqual(shares);
  });

  test('is allocated to the last unit, each share less than a unit from its exact part', () => {
    fc.assert(
      fc.property(amount, totals, (amountMinor, weights) => {
        const shares = allocate(amountMinor, weights);
        expect(sum(shares)).toBe(amountMinor);
        const total = sum(weights);
        shares.forEach((share, index) => {
          const difference = share * total - amountMinor * (weights[index] ?? 0n);
          expect(difference > -total && difference < total).toBe(true);
        });
      }),
    );
  });

  test.each([
    ['below zero', -1n, [1n], 'zero or more, not -1'],
    ['by a negative weight', 1n, [2n, -1n], 'weights are zero or more, not 2, -1'],
    ['by weights of zero', 1n, [0n, 0n], "1 can't be allocated by weights that are all zero"],
  ])('is not allocated %s', (_what, amountMinor, weights, message) => {
    expect(() => allocate(amountMinor, weights)).toThrow(message);
  });
});

describe('an amount that comes in parts', () => {
  test('is shared as one amount would be, where rounding each part alone would drift', () => {
    // A third each of 100 in parts of 1: rounded alone, every unit would go to the first seller.
    const history = takenInParts([100n, 100n, 100n], Array<bigint>(99).fill(1n));
    expect(history.at(-1)?.map(({ usedMinor }) => usedMinor)).toEqual([33n, 33n, 33n]);
  });

  test('never gives a negative share, although a largest remainder passes on as the total grows', () => {
    // Of 10 the third gets 2, of 11 only 1: the paradox of Alabama.
    expect(allocate(10n, [6n, 6n, 2n])).toEqual([4n, 4n, 2n]);
    expect(allocate(11n, [6n, 6n, 2n])).toEqual([5n, 5n, 1n]);
    const after10 = [portion('a', 6n, 4n), portion('b', 6n, 4n), portion('c', 2n, 2n)];
    expect(amountsOf(allocateNext(1n, after10))).toEqual([1n, 0n, 0n]);
  });

  test('gives nothing to a seller that a request charged with more than its part, until the others have caught up', () => {
    const uneven = [portion('a', 50n, 30n), portion('b', 50n)];
    expect(allocateNext(20n, uneven)).toEqual([
      { sellerId: 'a', amountMinor: 0n },
      { sellerId: 'b', amountMinor: 20n },
    ]);
    expect(amountsOf(allocateNext(40n, uneven))).toEqual([5n, 35n]);
  });

  test('sums exactly, part by part, never below zero and never above what a seller has', () => {
    fc.assert(
      fc.property(inParts, ({ each, parts }) => {
        const history = takenInParts(each, parts);
        history.slice(1).forEach((portions, step) => {
          const before = history[step] ?? [];
          const shares = portions.map((after, index) => after.usedMinor - (before[index]?.usedMinor ?? 0n));
          expect(sum(shares)).toBe(parts[step]);
          expect(shares.filter((share) => share < 0n)).toEqual([]);
          expect(portions.filter(({ usedMinor, totalMinor }) => usedMinor > totalMinor)).toEqual([]);
        });
      }),
    );
  });

  test('clears every seller with its last part', () => {
    fc.assert(
      fc.property(inParts, ({ each, parts }) => {
        expect(
          takenInParts(each, parts)
            .at(-1)
            ?.map(({ usedMinor }) => usedMinor),
        ).toEqual(each);
      }),
    );
  });

  test('never drifts: after any number of parts no seller has a whole unit more than its exact part', () => {
    fc.assert(
      fc.property(inParts, ({ each, parts }) => {
        const total = sum(each);
        for (const portions of takenInParts(each, parts)) {
          const used = sum(portions.map(({ usedMinor }) => usedMinor));
          for (const { usedMinor, totalMinor } of portions)
            expect(usedMinor * total < used * totalMinor + total).toBe(true);
        }
      }),
    );
  });

  test('is shared by what is left, whatever was used before', () => {
    const used = totals.chain((each) =>
      fc
        .tuple(...each.map((totalMinor) => fc.bigInt({ min: 0n, max: totalMinor + 3n })))
        .map((taken) => fresh(each).map((one, index) => ({ ...one, usedMinor: taken[index] ?? 0n }))),
    );
    fc.assert(
      fc.property(used, fc.nat(1000), (portions, thousandths) => {
        const amountMinor = (availableOf(portions) * BigInt(thousandths)) / 1000n;
        const shares = allocateNext(amountMinor, portions);
        expect(sumOf(shares)).toBe(amountMinor);
        shares.forEach((share, index) => {
          const { totalMinor = 0n, usedMinor = 0n } = portions[index] ?? {};
          expect(share.amountMinor >= 0n).toBe(true);
          expect(share.amountMinor === 0n || share.amountMinor <= totalMinor - usedMinor).toBe(true);
        });
      }),
    );
  });

  test('is refused above what the sellers have', () => {
    const portions = [portion('a', 6n, 4n), portion('b', 6n, 9n)];
    expect(() => allocateNext(3n, portions)).toThrow('3 is more than the 2 that the sellers have');
  });
});

describe('a dispute', () => {
  test('is borne like a refund up to what refunds have left', () => {
    const portions = [portion('a', 60n, 20n), portion('b', 40n)];
    expect(allocateDispute(30n, portions)).toEqual(allocateNext(30n, portions));
  });

  test('is borne above that by what each seller got in all', () => {
    const portions = [portion('a', 60n, 60n), portion('b', 40n, 20n)];
    expect(allocateDispute(30n, portions)).toEqual([
      { sellerId: 'a', amountMinor: 6n },
      { sellerId: 'b', amountMinor: 24n },
    ]);
  });
});

describe('splits that a request names', () => {
  const portions = [portion('a', 60n, 20n), portion('b', 40n, 50n)];
  test.each([
    ['each at most what its seller has left', 40n, [['a', 40n]], undefined],
    ['above what a seller has left', 41n, [['a', 41n]], 'give a 41, of which only 40 is left'],
    ['of a seller with nothing left', 1n, [['b', 1n]], 'give b 1, of which only 0 is left'],
    ['that don’t sum to the amount', 40n, [['a', 39n]], 'sum to 39, not to the amount of 40'],
    ['of a seller that isn’t one of the order', 1n, [['c', 1n]], 'name c, which is no seller of this order'],
    [
      'of zero',
      1n,
      [
        ['a', 1n],
        ['b', 0n],
      ],
      'give b 0; send amounts above zero',
    ],
    [
      'that name a seller twice',
      2n,
      [
        ['a', 1n],
        ['a', 1n],
      ],
      'name a twice; name each seller once',
    ],
  ] as const)('%s', (_what, amountMinor, splits, problem) => {
    const named = splits.map(([sellerId, part]) => ({ sellerId, amountMinor: part }));
    expect(problemOfSplits(amountMinor, named, portions)).toBe(problem);
  });
});
