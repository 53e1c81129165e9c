import type { Moment } from '../../simulator/charges.ts';
import type { PspEvent } from '../../simulator/event.ts';
import type { Events } from '../../simulator/events.ts';
import type { Change } from '../../simulator/record.ts';
import type { Settings } from '../../simulator/switches.ts';
import type { Clock } from '../clock.ts';

export interface LocalEventsOptions {
  readonly events: Events;
  readonly clock: Clock;
  readonly settings: () => Settings;
  readonly log: (line: string) => void;
}

/** Sends the events of one simulated PSP on this machine, each when it is due. */
export class LocalEvents {
  private readonly options: LocalEventsOptions;
  private readonly timers = new Map<string, () => void>();
  private readonly underWay = new Set<Promise<unknown>>();
  private isClosed = false;

  constructor(options: LocalEventsOptions) {
    this.options = options;
  }

  /** With `events_before_answer`, resolves after the first attempts of the events that are due at once. */
  async publish(changes: readonly Change[], moment: Moment): Promise<void> {
    const events = await this.options.events.record(changes, moment);
    const attempts = events.map((event) => this.plan(event));
    if (moment.switches.settings.events_before_answer) await Promise.all(attempts);
  }

  /** Goes on with events of an earlier process. */
  resume(events: readonly PspEvent[]): void {
    for (const event of events) void this.plan(event);
  }

  /** Sends an event now. @returns undefined if there is no such event */
  async attempt(id: string): Promise<PspEvent | undefined> {
    this.timers.get(id)?.();
    this.timers.delete(id);
    const attempt = this.options.events.attempt(id, this.options.settings());
    this.underWay.add(attempt);
    try {
      const event = await attempt;
      if (event !== undefined && !this.isClosed) this.planLater(event);
      return event;
    } finally {
      this.underWay.delete(attempt);
    }
  }

  /** Resolves when nothing is being sent any more. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const cancel of this.timers.values()) cancel();
    await Promise.allSettled(this.underWay);
  }

  /** Resolves after the attempt if the event is due at once, else at once. */
  private async plan(event: PspEvent): Promise<void> {
    const { nextAttemptAt } = event;
    if (nextAttemptAt === null || this.isClosed) return;
    if (nextAttemptAt > this.options.clock.now()) this.planLater(event);
    else await this.attemptSafely(event.id);
  }

  private planLater({ id, nextAttemptAt }: PspEvent): void {
    if (nextAttemptAt === null) return;
    const { clock } = this.options;
    const cancel = clock.after(Math.max(0, nextAttemptAt - clock.now()), () => void this.attemptSafely(id));
    this.timers.set(id, cancel);
  }

  private async attemptSafely(id: string): Promise<void> {
    await this.attempt(id).catch((error: unknown) => {
      this.options.log(`the event ${id} could not be sent: ${String(error)}`);
    });
  }
}
