/** What one seller is owed of an order. */
export interface Split {
  readonly sellerId: string;
  readonly amountMinor: bigint;
}

export function sumOf(splits: readonly Split[]): bigint {
  return splits.reduce((sum, split) => sum + split.amountMinor, 0n);
}

/** One split per seller, in the order in which the sellers first appear. */
export function bySeller(splits: readonly Split[]): readonly Split[] {
  const amounts = new Map<string, bigint>();
  for (const { sellerId, amountMinor } of splits)
    amounts.set(sellerId, (amounts.get(sellerId) ?? 0n) + amountMinor);
  return [...amounts].map(([sellerId, amountMinor]) => ({ sellerId, amountMinor }));
}
