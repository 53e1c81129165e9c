import type { Clock } from '../clock.ts';

/**
 * Charges that have come and not landed yet. They land whether their caller still waits or not, and while the listener
 * is down; those that are under way when the simulator closes never do, as if lost on their way, which no PSP promises
 * against.
 */
export class Landings {
  private readonly clock: Clock;
  private readonly underWay = new Set<() => void>();
  private isClosed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Resolves with what `land` came to, at once for 0; stays open for ever once this is closed. */
  after<Landed>(milliseconds: number, land: () => Landed | Promise<Landed>): Promise<Landed> {
    const { promise, resolve, reject } = Promise.withResolvers<Landed>();
    if (this.isClosed) return promise;
    // It lands in the timer itself: between its due time and a promise's turn a test may have moved the clock on.
    const run = () => {
      try {
        resolve(land());
      } catch (error) {
        reject(error);
      }
    };
    if (milliseconds === 0) run();
    else this.delay(milliseconds, run);
    return promise;
  }

  close(): void {
    this.isClosed = true;
    for (const cancel of this.underWay) cancel();
    this.underWay.clear();
  }

  private delay(milliseconds: number, run: () => void): void {
    const cancel = this.clock.after(milliseconds, () => {
      this.underWay.delete(cancel);
      run();
    });
    this.underWay.add(cancel);
  }
}
