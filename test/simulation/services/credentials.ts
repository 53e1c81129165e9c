import type { Scheduler } from '../scheduler.ts';

/** How long an old key is accepted after a rotation at the most. */
const GRACE_MS = 10 * 60_000;

/** Our API key at a PSP, which somebody rotates while workers still hold the old one. */
export class Credentials {
  private readonly scheduler: Scheduler;
  private newest = 1;
  /** What our own cache gives to workers that start. */
  private cached = 1;
  private oldUntil = 0;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  rotate(): void {
    const { clock, random } = this.scheduler;
    this.newest += 1;
    this.oldUntil = clock.now() + random.below(GRACE_MS);
    this.scheduler.tell(`our key is rotated: version ${this.newest}`);
  }

  /** The version that a worker holds from its start on. */
  hold(): number {
    if (this.cached < this.newest && this.scheduler.random.chance(0.3)) this.cached = this.newest;
    return this.cached;
  }

  /** Whether the PSP refuses this version; the cache is read again then. */
  refuses(version: number): boolean {
    const isOld =
      version < this.newest - 1 || (version < this.newest && this.scheduler.clock.now() >= this.oldUntil);
    if (isOld) this.cached = this.newest;
    return isOld;
  }
}
