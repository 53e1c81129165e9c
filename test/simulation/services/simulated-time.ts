import type { Time } from '../../../adapters/time.ts';
import type { Context } from '../context.ts';
import type { Process } from '../scheduler.ts';

/** How far a worker's clock may be off, in either direction. */
const LARGEST_SKEW_MS = 10 * 60_000;

/** Virtual time as one process sees it: its clock may be wrong, its timers are not. */
export function simulatedTime({ scheduler, faults }: Context, process: Process): Time {
  const isSkewed = faults.strikes('clock skew', 0.5);
  const skew = isSkewed ? (scheduler.random.next() - 0.5) * 2 * LARGEST_SKEW_MS : 0;
  return {
    now: () => scheduler.clock.now() + skew,
    after: (milliseconds, callback) =>
      scheduler.clock.after(milliseconds, () => {
        // A PSP hears of the deadline of a dead executor's call as well: it aborts with its connection.
        if (process.isAlive || process.kind === 'execute') callback();
      }),
  };
}
