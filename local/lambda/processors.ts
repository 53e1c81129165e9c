import { availableParallelism } from 'node:os';

/** What a machine has to work with: beyond it, one more at work makes nothing faster. */
export interface Processors {
  readonly count: number;
  /** Whether this runtime itself keeps them busy; who waits for a database or a PSP doesn't. */
  areBusy(): boolean;
}

/** Long enough to tell work from a moment's pause. */
const SAMPLE_MS = 50;
/** PostgreSQL works beside this process, and takes its part of them. */
const BUSY_SHARE = 0.5;

class OwnProcessors implements Processors {
  readonly count = availableParallelism();
  private usage = process.cpuUsage();
  private sampledAt = performance.now();
  private wereBusy = false;

  areBusy(): boolean {
    const elapsed = performance.now() - this.sampledAt;
    if (elapsed < SAMPLE_MS) return this.wereBusy;
    const { user, system } = process.cpuUsage(this.usage);
    this.wereBusy = (user + system) / 1000 >= BUSY_SHARE * this.count * elapsed;
    this.usage = process.cpuUsage();
    this.sampledAt = performance.now();
    return this.wereBusy;
  }
}

export const ownProcessors: Processors = new OwnProcessors();
