import type { QueueResource } from '../template/resources.ts';
import type { SqsEngine } from './engine/sqs-engine.ts';

/** Creates the templates' queues, or sets the templates' attributes on existing ones. */
export function provideQueues(engine: SqsEngine, queues: readonly QueueResource[]): void {
  // Dead-letter queues first: a redrive policy must name an existing queue.
  const ordered = queues.toSorted(
    (one, other) => Number('RedrivePolicy' in one.attributes) - Number('RedrivePolicy' in other.attributes),
  );
  for (const { name, attributes } of ordered) {
    if (engine.has(name)) engine.setAttributes(name, attributes);
    else engine.createQueue(name, attributes, {});
  }
}
