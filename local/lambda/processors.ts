import { availableParallelism } from 'node:os';

/** The number of CPUs: more concurrent work than that is not faster. */
export interface Processors {
  readonly count: number;
  /** Whether this runtime itself keeps them busy; waiting for a database or a PSP doesn't. */
  areBusy(): boolean;
}

/** Long enough to tell work from a moment's pause. */
const SAMPLE_MS = 50;
/** PostgreSQL runs beside this process and uses its share of them. */
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
