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

/** Invokes functions at a fixed rate. A run that fails or lasts long changes nothing for the next. */
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

  /** At once, beside its rate; resolves when the runs have ended, well or not. */
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
