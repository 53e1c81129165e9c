import type { Clock } from '../../clock.ts';
import type { Message } from './message.ts';
import { Waiters } from './waiters.ts';

/**
 * A queue's messages by group, in the order of arrival, and the groups that can be delivered: those whose first message is
 * visible.
 */
export class MessageGroups {
  private readonly clock: Clock;
  private readonly messages = new Map<number, Message>();
  private readonly groups = new Map<string, Message[]>();
  /** In the order in which they became ready. */
  private readonly readyGroups = new Set<string>();
  /** By sequence, of messages that are invisible: cancels the timer that ends it. */
  private readonly wakeUps = new Map<number, () => void>();
  private readonly waiters: Waiters;

  constructor(clock: Clock) {
    this.clock = clock;
    this.waiters = new Waiters(clock);
  }

  get size(): number {
    return this.messages.size;
  }

  get invisibleCount(): number {
    return this.wakeUps.size;
  }

  get ready(): ReadonlySet<string> {
    return this.readyGroups;
  }

  /** All messages, the oldest first. */
  all(): MapIterator<Message> {
    return this.messages.values();
  }

  of(groupId: string): readonly Message[] {
    return this.groups.get(groupId) ?? [];
  }

  get(sequence: number): Message | undefined {
    return this.messages.get(sequence);
  }

  isInvisible(message: Message): boolean {
    return message.visibleAt > this.clock.now();
  }

  add(message: Message): void {
    this.messages.set(message.sequence, message);
    const group = this.groups.get(message.groupId);
    if (group === undefined) this.groups.set(message.groupId, [message]);
    else group.push(message);
    this.visibilityChanged(message);
  }

  remove(message: Message): void {
    this.messages.delete(message.sequence);
    this.cancelWakeUp(message);
    const rest = this.of(message.groupId).filter((other) => other !== message);
    if (rest.length === 0) this.groups.delete(message.groupId);
    else this.groups.set(message.groupId, rest);
    this.refresh(message.groupId);
  }

  /** Marks the group as ready as soon as this message is visible and first. */
  visibilityChanged(message: Message): void {
    this.cancelWakeUp(message);
    if (this.isInvisible(message)) {
      const wake = () => {
        this.wakeUps.delete(message.sequence);
        // A timer may fire slightly early by the clock: without another timer the message would be lost.
        this.visibilityChanged(message);
      };
      this.wakeUps.set(message.sequence, this.clock.after(message.visibleAt - this.clock.now(), wake));
    }
    this.refresh(message.groupId);
  }

  /** Resolves immediately if a group is ready, else when one becomes ready, `milliseconds` have passed or it is aborted. */
  whenReady(milliseconds: number, signal: AbortSignal): Promise<void> {
    return this.readyGroups.size > 0 ? Promise.resolve() : this.waiters.wait(milliseconds, signal);
  }

  close(): void {
    for (const cancel of this.wakeUps.values()) cancel();
    this.waiters.wakeAll();
  }

  private cancelWakeUp(message: Message): void {
    this.wakeUps.get(message.sequence)?.();
    this.wakeUps.delete(message.sequence);
  }

  private refresh(groupId: string): void {
    const [first] = this.of(groupId);
    if (first === undefined || this.isInvisible(first)) {
      this.readyGroups.delete(groupId);
      return;
    }
    this.readyGroups.add(groupId);
    this.waiters.wakeOne();
  }
}
