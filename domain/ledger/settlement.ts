import type { MovementKind } from './movement.ts';

/** A line of a PSP's statement or settlement. */
export interface SettlementLine {
  /** What the PSP says that it is; null if it says nothing that we know. */
  readonly kind: MovementKind | null;
  /** What it adds to the PSP's balance in minor units: below zero for a fee, a refund or a dispute. */
  readonly amountMinor: bigint;
}

/** What is to be done with a line. */
export type LineMatch =
  | { readonly kind: 'matched' }
  /** We hadn't heard of it: it is booked as what it is. */
  | { readonly kind: 'unbooked'; readonly movement: MovementKind }
  /** Nothing explains this amount: an adjustment, which is in suspense until somebody does. */
  | { readonly kind: 'unexplained'; readonly amountMinor: bigint };

/**
 * Matches a settlement line by line, never by its total: a total that is short because of a fee that isn't booked yet would be booked
 * twice. `bookedMinor` is what our movement of the same PSP entry added to the PSP's balance; undefined if we have none.
 */
export function matchLine(line: SettlementLine, bookedMinor: bigint | undefined): LineMatch {
  if (bookedMinor === undefined && line.kind !== null) return { kind: 'unbooked', movement: line.kind };
  const amountMinor = line.amountMinor - (bookedMinor ?? 0n);
  return amountMinor === 0n ? { kind: 'matched' } : { kind: 'unexplained', amountMinor };
}
