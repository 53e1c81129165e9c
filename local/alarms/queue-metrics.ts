import type { SqsEngine } from '../sqs/engine/sqs-engine.ts';
import type { Metrics } from './metrics.ts';

/**
 * The metrics that SQS writes for each queue every minute. The counts of messages sent, received and deleted are left out:
 * they miss messages that SQS moves, so no alarm should use them.
 */
export function publishQueueMetrics(engine: SqsEngine, metrics: Metrics, at: number): void {
  for (const queue of engine.allQueues()) {
    const { visible, inFlight, ageOfOldest } = queue.metrics();
    const put = (name: string, value: number) =>
      metrics.put({ namespace: 'AWS/SQS', name, dimensions: { QueueName: queue.name } }, value, at);
    put('ApproximateNumberOfMessagesVisible', visible);
    put('ApproximateNumberOfMessagesNotVisible', inFlight);
    put('ApproximateAgeOfOldestMessage', ageOfOldest);
  }
}
