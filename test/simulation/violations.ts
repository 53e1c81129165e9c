import type { Scheduler } from './scheduler.ts';

/** What a schedule has found, each finding once. */
export class Violations {
  readonly found: string[] = [];
  private readonly scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  add(what: string): void {
    if (this.found.includes(what)) return;
    this.found.push(what);
    this.scheduler.tell(`VIOLATION: ${what}`);
  }
}
