import type { Clock } from '../../clock.ts';
import type { SqsStore, StoredDeduplication } from '../store.ts';
import type { NewMessage, Sent } from './message.ts';

/** Counted from the send, even after the message was received and deleted. */
const WINDOW_MS = 5 * 60 * 1000;

/** The messages sent within the last five minutes. */
export class Deduplication {
  private readonly queue: string;
  private readonly clock: Clock;
  private readonly store: SqsStore;
  /** In the order of their expiry, since all last equally long. */
  private readonly entries = new Map<string, StoredDeduplication>();

  constructor({
    name,
    clock,
    store,
  }: { readonly name: string; readonly clock: Clock; readonly store: SqsStore }) {
    this.queue = name;
    this.clock = clock;
    this.store = store;
    for (const entry of store.loadDeduplications(name)) this.entries.set(entry.key, entry);
  }

  find(message: NewMessage, perGroup: boolean): Sent | undefined {
    const entry = this.entries.get(keyOf(message, perGroup));
    return entry !== undefined && entry.expiresAt > this.clock.now() ? entry : undefined;
  }

  remember(message: NewMessage, perGroup: boolean, { messageId, sequence }: Sent): void {
    const key = keyOf(message, perGroup);
    const entry = { key, messageId, sequence, expiresAt: this.clock.now() + WINDOW_MS };
    this.entries.delete(key);
    this.entries.set(key, entry);
    this.store.saveDeduplication(this.queue, entry);
  }

  /** Clears the memory; purging the queue clears the store. */
  clear(): void {
    this.entries.clear();
  }

  expire(): void {
    const now = this.clock.now();
    for (const entry of this.entries.values()) {
      if (entry.expiresAt > now) break;
      this.entries.delete(entry.key);
    }
    this.store.forgetDeduplications(this.queue, now);
  }
}

/** Per group, the same id in two groups is two messages. */
function keyOf(message: NewMessage, perGroup: boolean): string {
  return perGroup ? `${message.groupId}\n${message.deduplicationId}` : message.deduplicationId;
}
