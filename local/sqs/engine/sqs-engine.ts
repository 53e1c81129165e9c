import type { Clock } from '../../clock.ts';
import { invalidParameter, SqsError } from '../errors.ts';
import { SqsStore, type StoredQueue } from '../store.ts';
import { FifoQueue } from './fifo-queue.ts';
import { MessageMover } from './message-mover.ts';
import {
  changedAttributes,
  normalized,
  type QueueSettings,
  settingsOf,
  withDefaults,
} from './queue-attributes.ts';
import { allowsSource } from './redrive-policies.ts';

/** How often expired rows are deleted from the disk. */
const EXPIRY_MS = 60_000;
const PURGE_INTERVAL_MS = 60_000;
const DELETED_RECENTLY_MS = 60_000;
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

  /** @throws SqsError QueueNameExists if the queue exists with other attributes, QueueDeletedRecently within a minute */
  createQueue(
    name: string,
    attributes: Readonly<Record<string, string>>,
    tags: Readonly<Record<string, string>>,
  ): FifoQueue {
    const given = normalized(attributes);
    if (given.FifoQueue !== 'true' || !NAME.test(name)) {
      throw invalidParameter(
        `Only FIFO queues are supported here: ${name} needs the attribute FifoQueue=true and a name of 1 to 80 letters, digits, - and _ that ends in .fifo.`,
      );
    }
    const wanted = withDefaults(given);
    const known = this.stored.get(name);
    if (known !== undefined) {
      assertAlike(known, given);
      return this.queue(name);
    }
    this.assertNotDeletedRecently(name);
    this.assertDeadLetterQueue(name, wanted);
    const now = this.options.clock.now();
    const queue = {
      name,
      attributes: wanted,
      tags,
      deduplicatesPerGroup: settingsOf(wanted).deduplicatesPerGroup,
      createdAt: now,
      modifiedAt: now,
      purgedAt: undefined,
    };
    this.store.saveQueue(queue);
    return this.open(queue);
  }

  setAttributes(name: string, given: Readonly<Record<string, string>>): void {
    const queue = this.queue(name);
    if ('FifoQueue' in given && normalized(given).FifoQueue !== 'true') {
      throw new SqsError(
        'InvalidAttributeValue',
        'Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.',
      );
    }
    const stored = this.describe(name);
    const attributes = changedAttributes(stored.attributes, given);
    this.assertDeadLetterQueue(name, attributes);
    const changed = { ...stored, attributes, modifiedAt: this.options.clock.now() };
    this.update(changed);
    queue.settings = queueSettings(changed);
  }

  /** @throws SqsError PurgeQueueInProgress within a minute of the previous purge */
  purgeQueue(name: string): void {
    const queue = this.queue(name);
    const stored = this.describe(name);
    const now = this.options.clock.now();
    if (stored.purgedAt !== undefined && now - stored.purgedAt < PURGE_INTERVAL_MS) {
      throw new SqsError(
        'PurgeQueueInProgress',
        `Only one PurgeQueue operation on ${name} is allowed every 60 seconds.`,
      );
    }
    queue.purge();
    this.update({ ...stored, purgedAt: now });
  }

  setTags(name: string, tags: Readonly<Record<string, string>>): void {
    this.update({ ...this.describe(name), tags });
  }

  deleteQueue(name: string): void {
    this.queue(name).close();
    this.queues.delete(name);
    this.stored.delete(name);
    this.store.deleteQueue(name, this.options.clock.now());
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

  has(name: string): boolean {
    return this.queues.has(name);
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
    const queue: FifoQueue = new FifoQueue({
      name: stored.name,
      arn: this.arnOf(stored.name),
      clock: this.options.clock,
      store: this.store,
      settings: queueSettings(stored),
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

  private assertNotDeletedRecently(name: string): void {
    const deletedAt = this.store.deletedAt(name);
    if (deletedAt !== undefined && this.options.clock.now() - deletedAt < DELETED_RECENTLY_MS) {
      throw new SqsError(
        'QueueDeletedRecently',
        'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
      );
    }
  }

  /** "The dead-letter queue of a FIFO queue must also be a FIFO queue". It must exist, and its own policy must allow this queue. */
  private assertDeadLetterQueue(name: string, attributes: Readonly<Record<string, string>>): void {
    const target = settingsOf(attributes).redrive?.deadLetterTargetArn;
    if (target === undefined) return;
    const deadLetterQueue = this.queueByArn(target);
    const refuse = (reason: string) =>
      invalidParameter(
        `Value ${attributes.RedrivePolicy} for parameter RedrivePolicy is invalid. Reason: ${reason}`,
      );
    if (deadLetterQueue === undefined)
      throw refuse('Dead letter target does not exist or is not a FIFO queue.');
    if (!allowsSource(deadLetterQueue.settings.redriveAllow, this.arnOf(name)))
      throw refuse('The RedriveAllowPolicy of the dead letter target does not allow this queue.');
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

/** @throws SqsError QueueNameExists naming the attribute that differs */
function assertAlike(known: StoredQueue, given: Readonly<Record<string, string>>): void {
  const differs = Object.entries(given).find(([key, value]) => (known.attributes[key] ?? '') !== value);
  if (differs === undefined) return;
  throw new SqsError(
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${differs[0]}`,
  );
}

/** A change of `DeduplicationScope` appears in the attributes only: AWS keeps the behaviour from the queue's creation. */
function queueSettings({ attributes, deduplicatesPerGroup }: StoredQueue): QueueSettings {
  return { ...settingsOf(attributes), deduplicatesPerGroup };
}
