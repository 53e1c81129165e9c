import { assert } from '../assert.ts';
import { bySeller, type Split, sumOf } from './split.ts';

/** What a seller can get or give of an order in all, and how much of it is used up. Minor units. */
export interface Portion {
  readonly sellerId: string;
  /** Of a capture: what was authorized for the seller. Of a refund: what was captured for the seller. */
  readonly totalMinor: bigint;
  /** What captures, or refunds and disputes, have taken of it, finished or under way. Disputes can take more than all. */
  readonly usedMinor: bigint;
}

/**
 * The amount in shares proportional to the weights, which sum to exactly the amount: rounded down, and what is left, a unit each, to
 * the largest remainders. Of equal remainders the first in order gets it.
 *
 * @throws AssertionError if a weight is negative, or all are zero while the amount isn't
 */
export function allocate(amountMinor: bigint, weights: readonly bigint[]): readonly bigint[] {
  assert(amountMinor >= 0n, `an amount to allocate is zero or more, not ${amountMinor}`);
  assert(
    weights.every((weight) => weight >= 0n),
    `weights are zero or more, not ${weights.join(', ')}`,
  );
  if (amountMinor === 0n) return weights.map(() => 0n);
  const total = sum(weights);
  assert(total > 0n, `${amountMinor} can't be allocated by weights that are all zero`);
  const floors = weights.map((weight) => (amountMinor * weight) / total);
  const largestFirst = weights
    .map((weight, index) => ({ index, remainder: (amountMinor * weight) % total }))
    .toSorted(
      (one, other) => Number(other.remainder > one.remainder) - Number(one.remainder > other.remainder),
    );
  const roundedUp = new Set(
    largestFirst.slice(0, Number(amountMinor - sum(floors))).map(({ index }) => index),
  );
  return floors.map((floor, index) => (roundedUp.has(index) ? floor + 1n : floor));
}

/**
 * Each seller's share of the next amount: its share of all amounts so far, this one included, less what it has used up. So rounding
 * never adds up, however many parts an amount comes in, and the last part clears every seller.
 *
 * A seller can have used more than that: by the splits of an earlier request, or because a largest remainder can pass to another
 * seller as the total grows. Its share is then zero and not negative, and the others share the amount.
 *
 * @throws AssertionError if the amount is more than the sellers have
 */
export function allocateNext(amountMinor: bigint, portions: readonly Portion[]): readonly Split[] {
  const available = availableOf(portions);
  assert(amountMinor <= available, `${amountMinor} is more than the ${available} that the sellers have`);
  const used = portions.map((portion) => portion.totalMinor - restOf(portion));
  const shares = allocate(
    sum(used) + amountMinor,
    portions.map(({ totalMinor }) => totalMinor),
  );
  const due = shares.map((share, index) => atLeastZero(share - (used[index] ?? 0n)));
  return splitsOf(portions, allocate(amountMinor, due));
}

/**
 * Who bears a dispute. Its amount is the PSP's and can exceed what refunds have left: up to that it is borne like a refund, and
 * what is above by what each seller got in all.
 */
export function allocateDispute(amountMinor: bigint, portions: readonly Portion[]): readonly Split[] {
  const available = availableOf(portions);
  const aboveMinor = atLeastZero(amountMinor - available);
  const above = allocate(
    aboveMinor,
    portions.map(({ totalMinor }) => totalMinor),
  );
  return bySeller([...allocateNext(amountMinor - aboveMinor, portions), ...splitsOf(portions, above)]);
}

/** What is wrong with the splits that a request names for its capture or refund; undefined if nothing is. */
export function problemOfSplits(
  amountMinor: bigint,
  splits: readonly Split[],
  portions: readonly Portion[],
): string | undefined {
  if (sumOf(splits) !== amountMinor) return `sum to ${sumOf(splits)}, not to the amount of ${amountMinor}`;
  const seen = new Set<string>();
  for (const { sellerId, amountMinor: partMinor } of splits) {
    if (seen.has(sellerId)) return `name ${sellerId} twice; name each seller once`;
    seen.add(sellerId);
    const portion = portions.find((candidate) => candidate.sellerId === sellerId);
    if (portion === undefined) return `name ${sellerId}, which is no seller of this order`;
    if (partMinor <= 0n) return `give ${sellerId} ${partMinor}; send amounts above zero`;
    const restMinor = restOf(portion);
    if (partMinor > restMinor) return `give ${sellerId} ${partMinor}, of which only ${restMinor} is left`;
  }
  return undefined;
}

/** What is left of all portions. */
export function availableOf(portions: readonly Portion[]): bigint {
  return sum(portions.map(restOf));
}

function restOf({ totalMinor, usedMinor }: Portion): bigint {
  return atLeastZero(totalMinor - usedMinor);
}

function splitsOf(portions: readonly Portion[], amounts: readonly bigint[]): readonly Split[] {
  return portions.map(({ sellerId }, index) => ({ sellerId, amountMinor: amounts[index] ?? 0n }));
}

function atLeastZero(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
