import { allocateNext } from './allocation.ts';
import type { Split } from './split.ts';

/** The platform's fee for an order, in the order's currency. */
export interface FeeRate {
  /** Minor units, once per order. */
  readonly fixedMinor: bigint;
  /** Hundredths of a percent of what is captured: 250 is 2.5 %. */
  readonly basisPoints: bigint;
}

/** What a merchant has set for a currency. */
export interface FeeTerms {
  /** For an order whose request names no fee. */
  readonly standard: FeeRate;
  /** The most that a request can name, the fixed part and the basis points each. */
  readonly most: FeeRate;
  /** Whether sellers get the fee back, in proportion, for what is refunded or reversed. */
  readonly isReturned: boolean;
}

/** What is wrong with the fee that a request names; undefined if nothing is. */
export function problemOfFee(fee: FeeRate, { most }: FeeTerms, amountMinor: bigint): string | undefined {
  if (fee.fixedMinor < 0n || fee.basisPoints < 0n) return 'is negative; send zero or more';
  if (fee.fixedMinor > most.fixedMinor)
    return `has a fixed part of ${fee.fixedMinor}; your account allows at most ${most.fixedMinor}`;
  if (fee.basisPoints > most.basisPoints)
    return `has ${fee.basisPoints} basis points; your account allows at most ${most.basisPoints}`;
  const uncapped = uncappedFeeOf(fee, amountMinor);
  if (uncapped > amountMinor) return `comes to ${uncapped}, more than the order's amount of ${amountMinor}`;
  return undefined;
}

/** What the fee comes to for all that is captured, rounded half up: never more than was captured. */
export function feeOf(rate: FeeRate, capturedMinor: bigint): bigint {
  if (capturedMinor === 0n) return 0n;
  const uncapped = uncappedFeeOf(rate, capturedMinor);
  return uncapped < capturedMinor ? uncapped : capturedMinor;
}

function uncappedFeeOf({ fixedMinor, basisPoints }: FeeRate, capturedMinor: bigint): bigint {
  return fixedMinor + (capturedMinor * basisPoints + 5_000n) / 10_000n;
}

/** What was captured for a seller, and what has become of it. Minor units. */
export interface CapturedPortion {
  readonly sellerId: string;
  readonly capturedMinor: bigint;
  /** The fees that were taken of it. */
  readonly feeMinor: bigint;
}

/**
 * The fee to take with a capture, from each seller: that of all captures so far, this one included, less what was taken. A fee is taken
 * of nothing but captured money, so that an authorization has none until its first capture.
 */
export function feeOfCapture(rate: FeeRate, portions: readonly CapturedPortion[]): readonly Split[] {
  const captured = portions.reduce((sum, portion) => sum + portion.capturedMinor, 0n);
  const taken = portions.reduce((sum, portion) => sum + portion.feeMinor, 0n);
  return allocateNext(
    feeOf(rate, captured) - taken,
    portions.map(({ sellerId, capturedMinor, feeMinor }) => ({
      sellerId,
      totalMinor: capturedMinor,
      usedMinor: feeMinor,
    })),
  );
}

export interface RefundedPortion extends CapturedPortion {
  /** What was refunded or reversed of it, the refund that is being booked included. */
  readonly refundedMinor: bigint;
  /** The fees that were given back. */
  readonly returnedMinor: bigint;
}

/**
 * The fee to give back with a refund, to each seller: its fee in proportion to what was refunded so far, rounded down, less what was
 * given back. A seller whose whole amount is refunded has its whole fee back.
 */
export function feeOfRefund(portions: readonly RefundedPortion[]): readonly Split[] {
  return portions.map((portion) => {
    const { sellerId, capturedMinor, feeMinor, refundedMinor, returnedMinor } = portion;
    const due = refundedMinor < capturedMinor ? (feeMinor * refundedMinor) / capturedMinor : feeMinor;
    return { sellerId, amountMinor: due > returnedMinor ? due - returnedMinor : 0n };
  });
}
