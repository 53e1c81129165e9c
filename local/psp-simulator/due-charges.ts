import type { Change, Charge } from '../../simulator/record.ts';
import type { Clock } from '../clock.ts';

/** Ends open charges when they are due, and not only when somebody reads them: their events are sent then. */
export class DueCharges {
  private readonly clock: Clock;
  private readonly end: (chargeId: string) => Promise<unknown>;
  private readonly log: (line: string) => void;
  private readonly timers = new Map<string, () => void>();

  /** @param end ends the charge if it is due */
  constructor(clock: Clock, end: (chargeId: string) => Promise<unknown>, log: (line: string) => void) {
    this.clock = clock;
    this.end = end;
    this.log = log;
  }

  watch(changes: readonly Change[]): void {
    for (const { charge } of changes) this.watchCharge(charge);
  }

  watchCharge({ id, dueAt }: Charge): void {
    this.timers.get(id)?.();
    this.timers.delete(id);
    if (dueAt === null) return;
    const cancel = this.clock.after(Math.max(0, dueAt - this.clock.now()), () => {
      this.timers.delete(id);
      this.end(id).catch((error: unknown) => this.log(`the charge ${id} could not end: ${String(error)}`));
    });
    this.timers.set(id, cancel);
  }

  close(): void {
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
  }
}
