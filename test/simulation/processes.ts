import type { Process, Scheduler } from './scheduler.ts';

/** The invocations that run; each is named for its function and numbered. */
export class Processes {
  private readonly scheduler: Scheduler;
  private readonly alive = new Set<Process>();
  private count = 0;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  start(kind: string): Process {
    this.count += 1;
    const process = { kind, name: `${kind} ${this.count}`, isAlive: true };
    this.alive.add(process);
    return process;
  }

  /** Starts one that is killed after `timeoutMilliseconds`. */
  startWithin(timeoutMilliseconds: number, kind: string): Process {
    const process = this.start(kind);
    this.scheduler.clock.after(timeoutMilliseconds, () => this.scheduler.kill(process, 'its time is up'));
    return process;
  }

  end(process: Process): void {
    this.scheduler.onEnd(process);
  }

  /** The process ends when `work` does, whether it succeeds or fails. */
  endAfter(process: Process, work: Promise<unknown>): void {
    const end = () => this.end(process);
    void work.then(end, end);
  }

  /** Nothing runs: what happens next depends only on what is in the queues. */
  get areAtRest(): boolean {
    for (const process of this.alive) if (!process.isAlive) this.alive.delete(process);
    return this.alive.size === 0;
  }
}
