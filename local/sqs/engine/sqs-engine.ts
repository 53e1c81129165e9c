import type { Clock } from '../../clock.ts';
import { SqsError } from '../errors.ts';
import { SqsStore, type StoredQueue } from '../store.ts';
import { FifoQueue } from './fifo-queue.ts';
import { MessageMover } from './message-mover.ts';
import { settingsOf, validateAttributes, withDefaults } from './queue-attributes.ts';

/** How often messages past their retention are dropped. */
const EXPIRY_MS = 60_000;
const NAME = /^[A-Za-z0-9_-]{1,75}\.fifo$/;

export interface SqsEngineOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly accountId: string;
  readonly region: string;
}

/** All queues of one account and region, kept on disk. */
export class SqsEngine {
  readonly store: SqsStore;
  readonly mover: MessageMover;
  private readonly options: SqsEngineOptions;
  private readonly queues = new Map<string, FifoQueue>();
  private readonly stored = new Map<string, StoredQueue>();
  private cancelExpiry = () => {};

  constructor(options: SqsEngineOptions) {
    this.options = options;
    this.store = new SqsStore(options.file);
    this.mover = new MessageMover({
      clock: options.clock,
      store: this.store,
      queueOf: (arn) => this.queueByArn(arn),
      sourcesOf: (arn) => this.sourcesOf(arn),
    });
    for (const queue of this.store.loadQueues()) this.open(queue);
    for (const queue of this.queues.values()) this.mover.resume(queue);
    this.scheduleExpiry();
  }

  /** @throws SqsError QueueNameExists when the queue is there with other attributes */
  createQueue(
    name: string,
    attributes: Readonly<Record<string, string>>,
    tags: Readonly<Record<string, string>>,
  ): FifoQueue {
    if (attributes.FifoQueue !== 'true' || !NAME.test(name)) {
      throw new SqsError(
        'InvalidParameterValue',
        `Only FIFO queues are done here: ${name} needs the attribute FifoQueue=true and a name of 1 to 80 letters, digits, - and _ that ends in .fifo.`,
      );
    }
    validateAttributes(attributes);
    const wanted = withDefaults(attributes);
    const known = this.stored.get(name);
    if (known !== undefined) {
      const differs = Object.entries(attributes).find(([key, value]) => known.attributes[key] !== value);
      if (differs !== undefined) {
        throw new SqsError(
          'QueueNameExists',
          `A queue already exists with the same name and a different value for attribute ${differs[0]}`,
        );
      }
      return this.queue(name);
    }
    this.assertDeadLetterQueue(wanted);
    const queue = { name, attributes: wanted, tags, createdAt: this.options.clock.now() };
    this.store.saveQueue(queue);
    return this.open(queue);
  }

  setAttributes(name: string, attributes: Readonly<Record<string, string>>): void {
    const queue = this.queue(name);
    const merged = { ...this.describe(name).attributes, ...attributes };
    if ('FifoQueue' in attributes && attributes.FifoQueue !== 'true') {
      throw new SqsError('InvalidAttributeValue', 'FifoQueue can’t be changed.');
    }
    validateAttributes(merged);
    this.assertDeadLetterQueue(merged);
    this.update({ ...this.describe(name), attributes: merged });
    queue.settings = settingsOf(merged);
  }

  setTags(name: string, tags: Readonly<Record<string, string>>): void {
    this.update({ ...this.describe(name), tags });
  }

  deleteQueue(name: string): void {
    this.queue(name).close();
    this.queues.delete(name);
    this.stored.delete(name);
    this.store.deleteQueue(name);
  }

  /** @throws SqsError QueueDoesNotExist */
  queue(name: string): FifoQueue {
    const queue = this.queues.get(name);
    if (queue === undefined) throw new SqsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return queue;
  }

  describe(name: string): StoredQueue {
    const stored = this.stored.get(name);
    if (stored === undefined) throw new SqsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return stored;
  }

  names(): readonly string[] {
    return [...this.queues.keys()].sort();
  }

  arnOf(name: string): string {
    return `arn:aws:sqs:${this.options.region}:${this.options.accountId}:${name}`;
  }

  allQueues(): readonly FifoQueue[] {
    return [...this.queues.values()];
  }

  queueByArn(arn: string): FifoQueue | undefined {
    return [...this.queues.values()].find((queue) => queue.arn === arn);
  }

  /** Queues whose redrive policy moves to this one. */
  sourcesOf(arn: string): readonly FifoQueue[] {
    return [...this.queues.values()].filter((queue) => queue.settings.redrive?.deadLetterTargetArn === arn);
  }

  /** Long polls end, timers stop, the state is on disk. */
  close(): void {
    this.cancelExpiry();
    this.mover.close();
    for (const queue of this.queues.values()) queue.close();
    this.store.close();
  }

  private open(stored: StoredQueue): FifoQueue {
    const settings = settingsOf(stored.attributes);
    const queue: FifoQueue = new FifoQueue({
      name: stored.name,
      arn: this.arnOf(stored.name),
      clock: this.options.clock,
      store: this.store,
      settings,
      deadLetterQueue: () => this.queueByArn(queue.settings.redrive?.deadLetterTargetArn ?? ''),
    });
    this.stored.set(stored.name, stored);
    this.queues.set(stored.name, queue);
    return queue;
  }

  private update(stored: StoredQueue): void {
    this.stored.set(stored.name, stored);
    this.store.saveQueue(stored);
  }

  /** "The dead-letter queue of a FIFO queue must also be a FIFO queue", and there. */
  private assertDeadLetterQueue(attributes: Readonly<Record<string, string>>): void {
    const target = settingsOf(attributes).redrive?.deadLetterTargetArn;
    if (target !== undefined && this.queueByArn(target) === undefined) {
      throw new SqsError(
        'InvalidParameterValue',
        `Value ${attributes.RedrivePolicy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist or is not a FIFO queue.`,
      );
    }
  }

  private scheduleExpiry(): void {
    this.cancelExpiry = this.options.clock.after(EXPIRY_MS, () => {
      this.store.transaction(() => {
        for (const queue of this.queues.values()) queue.expire();
      });
      this.scheduleExpiry();
    });
  }
}
