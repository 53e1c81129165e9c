import type { Clock } from '../../clock.ts';

/** Long polls that wait for a message, in the order of arrival. */
export class Waiters {
  private readonly clock: Clock;
  private readonly waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Resolves when it is woken, after `milliseconds`, or when it is aborted. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (milliseconds <= 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.waiting.delete(wake);
        cancel();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = this.clock.after(milliseconds, wake);
      this.waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  wakeOne(): void {
    const [first] = this.waiting;
    first?.();
  }

  wakeAll(): void {
    for (const wake of [...this.waiting]) wake();
  }
}
