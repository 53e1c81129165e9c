import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { invalidParameter, SqsError } from '../errors.ts';
import type { SqsStore } from '../store.ts';
import { Deduplication } from './deduplication.ts';
import type { Message, NewMessage, QueueMetrics, Received, Sent } from './message.ts';
import { MessageGroups } from './message-groups.ts';
import type { QueueSettings } from './queue-attributes.ts';
import { receiptHandleOf, sequenceOf } from './receipt-handle.ts';

/** Above this number in flight, a queue returns nothing; it searches only the first so many messages for groups. Tests set others. */
const AWS_LIMITS = { inFlight: 120_000, lookAhead: 120_000 };
const VISIBILITY_LIMIT_MS = 12 * 3600 * 1000;
/** More than a queue accepts here in a millisecond: a sequence that starts with the time continues after every restart. */
const SEQUENCES_PER_MS = 1_000;

export interface FifoQueueOptions {
  readonly name: string;
  readonly arn: string;
  readonly clock: Clock;
  readonly store: SqsStore;
  readonly settings: QueueSettings;
  /** The target of this queue's redrive policy; undefined if that queue doesn't exist. */
  readonly deadLetterQueue: () => FifoQueue | undefined;
  readonly limits?: { readonly inFlight: number; readonly lookAhead: number };
}

/**
 * One FIFO queue. A group is handed out in order, up to its first invisible message: while some of it is in flight,
 * nothing behind it is handed out.
 */
export class FifoQueue {
  readonly name: string;
  readonly arn: string;
  settings: QueueSettings;
  private readonly options: FifoQueueOptions;
  private readonly deduplication: Deduplication;
  private readonly groups: MessageGroups;
  private lastSequence: number;

  constructor(options: FifoQueueOptions) {
    this.options = options;
    this.name = options.name;
    this.arn = options.arn;
    this.settings = options.settings;
    this.deduplication = new Deduplication(options);
    this.groups = new MessageGroups(options.clock);
    this.lastSequence = options.clock.now() * SEQUENCES_PER_MS;
    for (const message of options.store.loadMessages(options.name)) this.add(message);
  }

  /** A duplicate within five minutes gets the first one's answer and is dropped. */
  send(message: NewMessage): Sent {
    const known = this.deduplication.find(message, this.settings.deduplicatesPerGroup);
    if (known !== undefined) return known;
    const sent = this.insert(message, randomUUID(), undefined);
    this.deduplication.remember(message, this.settings.deduplicatesPerGroup, sent);
    return sent;
  }

  /** @param max 1 to 10 */
  receive(max: number, visibilitySeconds = this.settings.visibilityTimeoutSeconds): readonly Received[] {
    this.dropExpired();
    const received: Received[] = [];
    for (const groupId of [...this.eligibleGroups()]) {
      if (received.length >= max) break;
      this.receiveGroup(groupId, max - received.length, visibilitySeconds, received);
    }
    return received;
  }

  /** Resolves immediately if a group is ready, else when one becomes ready, `milliseconds` have passed or it is aborted. */
  whenReady(milliseconds: number, signal: AbortSignal): Promise<void> {
    return this.groups.whenReady(milliseconds, signal);
  }

  /** How many groups could be delivered now; each has at least one message. */
  get readyGroups(): number {
    return this.groups.ready.size;
  }

  /** @throws SqsError if the handle isn't of this queue, or its visibility has ended */
  delete(receiptHandle: string): void {
    const message = this.find(receiptHandle);
    // Deleting a deleted message succeeds.
    if (message === undefined) return;
    if (!this.isCurrent(message, receiptHandle))
      throw invalidHandle(receiptHandle, 'The receipt handle has expired.');
    this.remove(message);
  }

  /**
   * A standard queue accepts an expired handle without effect. AWS doesn't document what a FIFO queue does; it refuses such a
   * handle for a deletion, so it is refused here.
   *
   * @throws SqsError MessageNotInflight if the message is visible or was delivered again, InvalidParameterValue if it is gone
   */
  changeVisibility(receiptHandle: string, seconds: number): void {
    const message = this.find(receiptHandle);
    if (message === undefined)
      throw invalidHandle(
        receiptHandle,
        'Message does not exist or is not available for visibility timeout change.',
      );
    if (!this.isCurrent(message, receiptHandle))
      throw new SqsError('MessageNotInflight', 'The specified message is not in flight.');
    const until = this.now() + seconds * 1000;
    if (until - message.receivedAt > VISIBILITY_LIMIT_MS) {
      throw invalidParameter(
        `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].`,
      );
    }
    message.visibleAt = until;
    this.options.store.updateMessage(this.name, message);
    this.groups.visibilityChanged(message);
  }

  /** Drops all messages and all deduplication ids: the same id is a new message afterwards. */
  purge(): void {
    for (const message of [...this.groups.all()]) this.groups.remove(message);
    this.deduplication.clear();
    this.options.store.purge(this.name);
  }

  /** The first visible message: a move task moves it next. */
  peek(): Message | undefined {
    this.dropExpired();
    const [groupId] = this.groups.ready;
    return groupId === undefined ? undefined : this.groups.of(groupId)[0];
  }

  /** Removes that message permanently. */
  take(): Message | undefined {
    const message = this.peek();
    if (message !== undefined) this.remove(message);
    return message;
  }

  /** Adds a message moved by a redrive policy: its deduplication id becomes the message's id, and its sent time is now. */
  acceptDeadLetter(message: Message, sourceArn: string): void {
    this.insert({ ...message, deduplicationId: message.id }, message.id, sourceArn);
  }

  /** Adds a message moved by a move task: a new message except for content, group and deduplication id. */
  acceptMoved(message: Message): void {
    this.insert(message, randomUUID(), undefined);
  }

  bodies(): readonly string[] {
    return [...this.groups.all().map((message) => message.body)];
  }

  metrics(): QueueMetrics {
    this.dropExpired();
    const { value: oldest } = this.groups.all().next();
    const inFlight = this.groups.invisibleCount;
    return {
      visible: this.groups.size - inFlight,
      inFlight,
      ageOfOldest: oldest === undefined ? 0 : Math.floor((this.now() - oldest.sentAt) / 1000),
    };
  }

  /** Deletes messages past their retention, and deduplications that have ended. */
  expire(): void {
    this.dropExpired();
    this.deduplication.expire();
  }

  close(): void {
    this.groups.close();
  }

  private now(): number {
    return this.options.clock.now();
  }

  /** A message is deleted when its retention ends, in flight or not. The oldest come first. */
  private dropExpired(): void {
    const sentBefore = this.now() - this.settings.retentionSeconds * 1000;
    const expired: Message[] = [];
    for (const message of this.groups.all()) {
      if (message.sentAt > sentBefore) break;
      expired.push(message);
    }
    if (expired.length === 0) return;
    this.options.store.transaction(() => {
      for (const message of expired) this.remove(message);
    });
  }

  private eligibleGroups(): Iterable<string> {
    const { inFlight, lookAhead } = this.options.limits ?? AWS_LIMITS;
    const { ready } = this.groups;
    if (this.groups.invisibleCount >= inFlight) return [];
    if (this.groups.size <= lookAhead) return ready;
    const ahead = this.groups.all().take(lookAhead);
    return new Set(ahead.map((message) => message.groupId).filter((groupId) => ready.has(groupId)));
  }

  private receiveGroup(groupId: string, max: number, visibilitySeconds: number, received: Received[]): void {
    let taken = 0;
    for (const message of [...this.groups.of(groupId)]) {
      if (taken >= max || this.groups.isInvisible(message)) return;
      if (this.isUsedUp(message)) {
        this.sendToDeadLetterQueue(message);
        continue;
      }
      received.push(this.handOut(message, visibilitySeconds));
      taken += 1;
    }
  }

  /** Counts receives, not failures: the receive that would exceed the count moves the message instead. */
  private isUsedUp(message: Message): boolean {
    const { redrive } = this.settings;
    if (redrive === undefined || this.options.deadLetterQueue() === undefined) return false;
    return message.receiveCount >= redrive.maxReceiveCount;
  }

  private sendToDeadLetterQueue(message: Message): void {
    this.remove(message);
    this.options.deadLetterQueue()?.acceptDeadLetter(message, this.arn);
  }

  private handOut(message: Message, visibilitySeconds: number): Received {
    const now = this.now();
    message.receiveCount += 1;
    message.firstReceivedAt ??= now;
    message.receivedAt = now;
    message.visibleAt = now + visibilitySeconds * 1000;
    message.receipt = randomUUID();
    this.options.store.updateMessage(this.name, message);
    this.groups.visibilityChanged(message);
    return { message: { ...message }, receiptHandle: receiptHandleOf(this.name, message) };
  }

  private insert(message: NewMessage, id: string, deadLetterSourceArn: string | undefined): Sent {
    const inserted: Message = {
      body: message.body,
      attributes: message.attributes,
      groupId: message.groupId,
      deduplicationId: message.deduplicationId,
      senderId: message.senderId,
      traceHeader: message.traceHeader,
      id,
      sequence: this.lastSequence + 1,
      sentAt: this.now(),
      deadLetterSourceArn,
      receiveCount: 0,
      firstReceivedAt: undefined,
      receivedAt: 0,
      visibleAt: 0,
      receipt: undefined,
    };
    this.options.store.insertMessage(this.name, inserted);
    this.add(inserted);
    return { messageId: id, sequence: inserted.sequence };
  }

  private add(message: Message): void {
    this.lastSequence = Math.max(this.lastSequence, message.sequence);
    this.groups.add(message);
  }

  private remove(message: Message): void {
    this.groups.remove(message);
    this.options.store.deleteMessage(this.name, message.sequence);
  }

  /** Whether the message is in flight with this handle, and not visible again or delivered again. */
  private isCurrent(message: Message, receiptHandle: string): boolean {
    return this.groups.isInvisible(message) && receiptHandle === receiptHandleOf(this.name, message);
  }

  private find(receiptHandle: string): Message | undefined {
    return this.groups.get(sequenceOf(receiptHandle, this.name));
  }
}

function invalidHandle(receiptHandle: string, reason: string): SqsError {
  return invalidParameter(`Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: ${reason}`);
}
