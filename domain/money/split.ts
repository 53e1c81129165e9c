/** What one seller is owed of an order. */
export interface Split {
  readonly sellerId: string;
  readonly amountMinor: bigint;
}

export function sumOf(splits: readonly Split[]): bigint {
  return splits.reduce((sum, split) => sum + split.amountMinor, 0n);
}
