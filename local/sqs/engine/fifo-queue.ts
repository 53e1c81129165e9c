import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { invalidParameter, SqsError } from '../errors.ts';
import type { SqsStore } from '../store.ts';
import { Deduplication } from './deduplication.ts';
import type { Message, NewMessage, QueueMetrics, Received, Sent } from './message.ts';
import type { QueueSettings } from './queue-attributes.ts';
import { receiptHandleOf, sequenceOf } from './receipt-handle.ts';
import { Waiters } from './waiters.ts';

/** Past it a queue says nothing and gives nothing; groups are looked for in the first so many only. Tests set others. */
const AWS_LIMITS = { inFlight: 120_000, lookAhead: 120_000 };
const VISIBILITY_LIMIT_MS = 12 * 3600 * 1000;

export interface FifoQueueOptions {
  readonly name: string;
  readonly arn: string;
  readonly clock: Clock;
  readonly store: SqsStore;
  readonly settings: QueueSettings;
  /** Where this queue's redrive policy moves to; undefined when that queue doesn't exist. */
  readonly deadLetterQueue: () => FifoQueue | undefined;
  readonly limits?: { readonly inFlight: number; readonly lookAhead: number };
}

/**
 * One FIFO queue. A group is handed out in order, up to its first invisible message: so while some of it is in
 * flight, nothing behind is given.
 */
export class FifoQueue {
  readonly name: string;
  readonly arn: string;
  settings: QueueSettings;
  private readonly options: FifoQueueOptions;
  private readonly deduplication: Deduplication;
  private readonly messages = new Map<number, Message>();
  private readonly groups = new Map<string, Message[]>();
  /** Groups whose first message is visible, in the order in which they became so. */
  private readonly ready = new Set<string>();
  private readonly wakeUps = new Map<number, () => void>();
  private readonly waiters: Waiters;
  private lastSequence = 0;

  constructor(options: FifoQueueOptions) {
    this.options = options;
    this.name = options.name;
    this.arn = options.arn;
    this.settings = options.settings;
    this.deduplication = new Deduplication(options);
    this.waiters = new Waiters(options.clock);
    for (const message of options.store.loadMessages(options.name)) this.add(message);
    this.lastSequence = Math.max(this.lastSequence, this.deduplication.lastSequence);
  }

  /** A repeat within five minutes is answered as the first was, and dropped. */
  send(message: NewMessage): Sent {
    const known = this.deduplication.find(message, this.settings.deduplicatesPerGroup);
    if (known !== undefined) return known;
    const sent = this.insert(message, randomUUID(), undefined);
    this.deduplication.remember(message, this.settings.deduplicatesPerGroup, sent);
    return sent;
  }

  /** @param max 1 to 10 */
  receive(max: number, visibilitySeconds = this.settings.visibilityTimeoutSeconds): readonly Received[] {
    const received: Received[] = [];
    for (const groupId of [...this.eligibleGroups()]) {
      if (received.length >= max) break;
      this.receiveGroup(groupId, max - received.length, visibilitySeconds, received);
    }
    return received;
  }

  /** Resolves at once when a group is ready, else when one becomes so, `milliseconds` have passed or it is aborted. */
  whenReady(milliseconds: number, signal: AbortSignal): Promise<void> {
    return this.ready.size > 0 ? Promise.resolve() : this.waiters.wait(milliseconds, signal);
  }

  /** How many groups could be handed out now; each has at least one message. */
  get readyGroups(): number {
    return this.ready.size;
  }

  /** @throws SqsError when the handle isn't of this queue, or its visibility has ended */
  delete(receiptHandle: string): void {
    const message = this.find(receiptHandle);
    // Deleting what is already deleted succeeds.
    if (message === undefined) return;
    if (!this.isHeldBy(message, receiptHandle))
      throw invalidParameter(
        `Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
      );
    this.remove(message);
  }

  /** @throws SqsError MessageNotInflight when the message is visible, handed out anew or gone */
  changeVisibility(receiptHandle: string, seconds: number): void {
    const message = this.find(receiptHandle);
    if (message === undefined || !this.isHeldBy(message, receiptHandle))
      throw new SqsError('MessageNotInflight', 'The specified message is not in flight.');
    const until = this.now() + seconds * 1000;
    if (until - message.receivedAt > VISIBILITY_LIMIT_MS) {
      throw invalidParameter(
        `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].`,
      );
    }
    message.visibleAt = until;
    this.options.store.updateMessage(this.name, message);
    this.schedule(message);
  }

  purge(): void {
    for (const message of [...this.messages.values()]) this.forget(message);
    this.options.store.purge(this.name);
  }

  /** Takes the first message that can be handed out, for good: what a move task moves. */
  take(): Message | undefined {
    for (const groupId of this.ready) {
      const [message] = this.groups.get(groupId) ?? [];
      if (message === undefined) continue;
      this.remove(message);
      return message;
    }
    return undefined;
  }

  /** By a redrive policy: the deduplication id becomes the message's id, and the time of sending is now. */
  acceptDeadLetter(message: Message, sourceArn: string): void {
    this.insert({ ...message, deduplicationId: message.id }, message.id, sourceArn);
  }

  /** By a move task: a new message in all but content, group and deduplication id. */
  acceptMoved(message: Message): void {
    this.insert(message, randomUUID(), undefined);
  }

  bodies(): readonly string[] {
    return [...this.messages.values()].map((message) => message.body);
  }

  metrics(): QueueMetrics {
    const [oldest] = this.messages.values();
    return {
      visible: this.messages.size - this.wakeUps.size,
      inFlight: this.wakeUps.size,
      ageOfOldest: oldest === undefined ? 0 : Math.floor((this.now() - oldest.sentAt) / 1000),
    };
  }

  /** Drops what is older than the retention period, and deduplications that have ended. */
  expire(): void {
    const oldest = this.now() - this.settings.retentionSeconds * 1000;
    for (const message of [...this.messages.values()]) if (message.sentAt < oldest) this.remove(message);
    this.deduplication.expire();
  }

  close(): void {
    for (const cancel of this.wakeUps.values()) cancel();
    this.waiters.wakeAll();
  }

  private now(): number {
    return this.options.clock.now();
  }

  private eligibleGroups(): Iterable<string> {
    const { inFlight, lookAhead } = this.options.limits ?? AWS_LIMITS;
    if (this.wakeUps.size >= inFlight) return [];
    if (this.messages.size <= lookAhead) return this.ready;
    const ahead = this.messages.values().take(lookAhead);
    return new Set(ahead.map((message) => message.groupId).filter((groupId) => this.ready.has(groupId)));
  }

  private receiveGroup(groupId: string, max: number, visibilitySeconds: number, received: Received[]): void {
    let taken = 0;
    for (const message of [...(this.groups.get(groupId) ?? [])]) {
      if (taken >= max || this.isInvisible(message)) return;
      if (this.isUsedUp(message)) {
        this.bury(message);
        continue;
      }
      received.push(this.handOut(message, visibilitySeconds));
      taken += 1;
    }
  }

  /** Counts receives, not failures: the one that would exceed the count moves the message instead. */
  private isUsedUp(message: Message): boolean {
    const { redrive } = this.settings;
    if (redrive === undefined || this.options.deadLetterQueue() === undefined) return false;
    return message.receiveCount >= redrive.maxReceiveCount;
  }

  private bury(message: Message): void {
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
    this.schedule(message);
    return { message: { ...message }, receiptHandle: receiptHandleOf(this.name, message) };
  }

  private insert(message: NewMessage, id: string, deadLetterSourceArn: string | undefined): Sent {
    this.lastSequence += 1;
    const inserted: Message = {
      body: message.body,
      attributes: message.attributes,
      groupId: message.groupId,
      deduplicationId: message.deduplicationId,
      senderId: message.senderId,
      id,
      sequence: this.lastSequence,
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
    this.messages.set(message.sequence, message);
    this.lastSequence = Math.max(this.lastSequence, message.sequence);
    const group = this.groups.get(message.groupId);
    if (group === undefined) this.groups.set(message.groupId, [message]);
    else group.push(message);
    this.schedule(message);
  }

  private remove(message: Message): void {
    this.forget(message);
    this.options.store.deleteMessage(this.name, message.sequence);
  }

  private forget(message: Message): void {
    this.messages.delete(message.sequence);
    this.unschedule(message);
    const rest = (this.groups.get(message.groupId) ?? []).filter((other) => other !== message);
    if (rest.length === 0) this.groups.delete(message.groupId);
    else this.groups.set(message.groupId, rest);
    this.refresh(message.groupId);
  }

  /** Sees to it that the group is ready when this message is visible and first. */
  private schedule(message: Message): void {
    this.unschedule(message);
    if (this.isInvisible(message)) {
      const wake = () => {
        this.wakeUps.delete(message.sequence);
        // A timer may fire a little before its time by the clock: then it is set again, or the message would be lost.
        this.schedule(message);
      };
      this.wakeUps.set(message.sequence, this.options.clock.after(message.visibleAt - this.now(), wake));
    }
    this.refresh(message.groupId);
  }

  private unschedule(message: Message): void {
    this.wakeUps.get(message.sequence)?.();
    this.wakeUps.delete(message.sequence);
  }

  private refresh(groupId: string): void {
    const [first] = this.groups.get(groupId) ?? [];
    if (first === undefined || this.isInvisible(first)) {
      this.ready.delete(groupId);
      return;
    }
    this.ready.add(groupId);
    this.waiters.wakeOne();
  }

  private isInvisible(message: Message): boolean {
    return message.visibleAt > this.now();
  }

  private isHeldBy(message: Message, receiptHandle: string): boolean {
    return this.isInvisible(message) && receiptHandle === receiptHandleOf(this.name, message);
  }

  private find(receiptHandle: string): Message | undefined {
    return this.messages.get(sequenceOf(receiptHandle, this.name));
  }
}
