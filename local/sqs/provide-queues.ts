import type { QueueResource } from '../template/resources.ts';
import type { SqsEngine } from './engine/sqs-engine.ts';

/** Makes the templates' queues, or gives those that are there the templates' attributes. */
export function provideQueues(engine: SqsEngine, queues: readonly QueueResource[]): void {
  // Dead-letter queues first: a redrive policy names a queue that is there.
  const ordered = queues.toSorted(
    (one, other) => Number('RedrivePolicy' in one.attributes) - Number('RedrivePolicy' in other.attributes),
  );
  for (const { name, attributes } of ordered) {
    if (engine.has(name)) engine.setAttributes(name, attributes);
    else engine.createQueue(name, attributes, {});
  }
}
