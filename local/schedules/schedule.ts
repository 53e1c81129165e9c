import type { Clock } from '../clock.ts';
import type { ScheduleResource } from '../template/resources.ts';

export interface RunningScheduleOptions {
  readonly resource: ScheduleResource;
  readonly clock: Clock;
  /** Hands Lambda an event; resolves when it was run for the first time, well or not. */
  readonly invoke: (functionArn: string, event: object) => Promise<void>;
  /** Whether the function's policy lets this rule invoke it; undefined: it may. */
  readonly mayInvoke?: (functionArn: string) => boolean;
}

/** Invokes functions at a fixed rate. A failed or long run doesn't affect the next. */
export class RunningSchedule {
  private readonly options: RunningScheduleOptions;
  private cancel = () => {};

  constructor(options: RunningScheduleOptions) {
    this.options = options;
  }

  get functionArns(): readonly string[] {
    return this.options.resource.functionArns;
  }

  start(): void {
    const { clock, resource } = this.options;
    this.cancel = clock.after(resource.periodMilliseconds, () => {
      this.start();
      void this.run();
    });
  }

  /** Runs now, in addition to its rate; resolves when the runs have ended, successfully or not. */
  async run(): Promise<void> {
    const { invoke, mayInvoke } = this.options;
    const allowed = this.functionArns.filter((functionArn) => mayInvoke?.(functionArn) !== false);
    await Promise.all(allowed.map((functionArn) => invoke(functionArn, this.event())));
  }

  close(): void {
    this.cancel();
  }

  private event(): object {
    return {
      version: '0',
      source: 'aws.events',
      'detail-type': 'Scheduled Event',
      time: new Date(this.options.clock.now()).toISOString(),
      detail: {},
    };
  }
}
