/** The maximum payload of a synchronous invocation, 6 MB; an event source mapping can't raise it. */
const PAYLOAD_LIMIT_BYTES = 6 * 1024 * 1024;

/**
 * Splits records, in order, into events below the limit. A single record always fits: a message has at most 1 MiB, and JSON
 * writes no byte of it as more than two.
 */
export function inPayloads<Item>(
  items: readonly Item[],
  recordOf: (item: Item) => object,
): readonly (readonly Item[])[] {
  const payloads: Item[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(recordOf(item))) + ','.length;
    bytes += size;
    if (bytes > PAYLOAD_LIMIT_BYTES) {
      payloads.push([]);
      bytes = '{"Records":[]}'.length + size;
    }
    payloads.at(-1)?.push(item);
  }
  return payloads;
}
