/**
 * Splits what one request would be too large for into parts, in their order. An item that is larger than the limit gets a
 * part of its own.
 */
export function inParts<Item>(
  items: Iterable<Item>,
  bytesOf: (item: Item) => number,
  limitBytes: number,
): readonly (readonly Item[])[] {
  const parts: Item[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const size = bytesOf(item);
    bytes += size;
    if (bytes > limitBytes) {
      parts.push([]);
      bytes = size;
    }
    parts.at(-1)?.push(item);
  }
  return parts;
}
