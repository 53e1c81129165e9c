/** The payload of a synchronous invocation has at most 6 MB; a function's mapping can't raise it. */
const PAYLOAD_LIMIT_BYTES = 6 * 1024 * 1024;

/**
 * Records in their order, cut where the next one would take an event past the limit. A record alone always fits: a
 * message has 1 MiB at most, and JSON writes no byte of it as more than two.
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
