import * as z from 'zod';
import type { Clock } from '../clock.ts';
import { nameOf } from './actions/action.ts';
import type { SqsEngine } from './engine/sqs-engine.ts';
import { SqsError } from './errors.ts';

/** "300 transactions per second, per API action", a batch of ten being one: so 3,000 messages. */
const REQUESTS_PER_SECOND = 300;
const SECOND_MS = 1_000;

/** A batch counts as its entries' action. */
const LIMITED: Readonly<Record<string, string>> = {
  SendMessage: 'SendMessage',
  SendMessageBatch: 'SendMessage',
  ReceiveMessage: 'ReceiveMessage',
  DeleteMessage: 'DeleteMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibility: 'ChangeMessageVisibility',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
};

const targetSchema = z.object({ QueueUrl: z.string() });

/**
 * The quota of FIFO queues without high throughput. The quotas with it, thousands of requests a second for an account and
 * 300 for a partition, which AWS adds by its own rules, are not enforced here.
 */
export class Throttle {
  private readonly clock: Clock;
  private readonly engine: SqsEngine;
  /** By queue and action: the times of the newest requests, in a ring buffer. */
  private readonly windows = new Map<string, { next: number; readonly times: number[] }>();

  constructor(clock: Clock, engine: SqsEngine) {
    this.clock = clock;
    this.engine = engine;
  }

  /** @throws SqsError ThrottlingException if 300 requests arrived within the last second */
  admit(action: string, input: unknown): void {
    const limited = LIMITED[action];
    if (limited === undefined) return;
    const queue = nameOf(targetSchema.safeParse(input).data?.QueueUrl ?? '');
    if (!this.engine.has(queue) || this.engine.queue(queue).settings.hasHighThroughput) return;
    const key = `${queue} ${limited}`;
    const window = this.windows.get(key) ?? { next: 0, times: [] };
    this.windows.set(key, window);
    const now = this.clock.now();
    const oldest = window.times[window.next];
    if (oldest !== undefined && now - oldest < SECOND_MS)
      throw new SqsError('ThrottlingException', 'Rate exceeded');
    window.times[window.next] = now;
    window.next = (window.next + 1) % REQUESTS_PER_SECOND;
  }
}
