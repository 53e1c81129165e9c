import type { Clock } from '../../local/clock.ts';

interface Timer {
  readonly dueAt: number;
  readonly callback: () => void;
  handle: NodeJS.Timeout;
}

/** Real time, ahead of itself by as much as a test has advanced it. */
export class SteppedClock implements Clock {
  /** Milliseconds. */
  ahead = 0;
  private readonly timers = new Set<Timer>();

  now(): number {
    return Date.now() + this.ahead;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const fire = () => this.fire(timer);
    const timer: Timer = {
      dueAt: this.now() + milliseconds,
      callback,
      handle: setTimeout(fire, Math.max(0, milliseconds)),
    };
    this.timers.add(timer);
    return () => {
      clearTimeout(timer.handle);
      this.timers.delete(timer);
    };
  }

  /** What falls due meanwhile fires in its order, each at its time. */
  advance(milliseconds: number): void {
    const ahead = this.ahead + milliseconds;
    const end = this.now() + milliseconds;
    for (let timer = this.nextDue(end); timer !== undefined; timer = this.nextDue(end)) {
      this.ahead = Math.min(ahead, this.ahead + Math.max(0, timer.dueAt - this.now()));
      this.fire(timer);
    }
    this.ahead = ahead;
    // What isn't due yet comes so much sooner.
    for (const timer of this.timers) {
      clearTimeout(timer.handle);
      timer.handle = setTimeout(() => this.fire(timer), Math.max(0, timer.dueAt - this.now()));
    }
  }

  private fire(timer: Timer): void {
    clearTimeout(timer.handle);
    if (this.timers.delete(timer)) timer.callback();
  }

  private nextDue(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.timers) {
      if (timer.dueAt <= end && (next === undefined || timer.dueAt < next.dueAt)) next = timer;
    }
    return next;
  }
}
