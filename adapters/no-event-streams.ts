/**
 * Stands in the bundles for the SDK's event streams, which no operation that is called here has: they would be 15 KB of
 * each bundle with a client. The SDK loads them for such an operation only, and would find these that say so.
 */
const missing = () => {
  throw new Error('this bundle has no event streams: see adapters/no-event-streams.ts');
};

export const EventStreamSerde = missing;
export const eventStreamSerdeProvider = missing;
