import type { Clock } from '../clock.ts';

/**
 * Charges that have arrived and not landed yet. They land even if their caller has gone or the listener is down. Those
 * still pending when the simulator closes never land, as if lost on their way.
 */
export class Landings {
  private readonly clock: Clock;
  private readonly underWay = new Set<() => void>();
  private isClosed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Resolves with the result of `land`, immediately for 0; never resolves once this is closed. */
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
