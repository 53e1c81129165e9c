import type { Clock } from '../clock.ts';
import type { FunctionHost } from '../lambda/function-host.ts';
import type { ScheduleResource } from '../template/resources.ts';

/** Invokes functions at a fixed rate. A run that fails or lasts long changes nothing for the next. */
export class RunningSchedule {
  private readonly resource: ScheduleResource;
  private readonly hosts: readonly FunctionHost[];
  private readonly clock: Clock;
  private readonly mayInvoke: (functionArn: string) => boolean;
  private cancel = () => {};

  /** @param mayInvoke whether the function's policy lets this rule invoke it */
  constructor(
    resource: ScheduleResource,
    hosts: readonly FunctionHost[],
    clock: Clock,
    mayInvoke: (functionArn: string) => boolean = () => true,
  ) {
    this.resource = resource;
    this.hosts = hosts;
    this.clock = clock;
    this.mayInvoke = mayInvoke;
  }

  start(): void {
    this.cancel = this.clock.after(this.resource.periodMilliseconds, () => {
      this.start();
      void this.run();
    });
  }

  /** At once, beside its rate; resolves when the runs have ended, well or not. */
  async run(): Promise<void> {
    const allowed = this.hosts.filter((_, index) => this.mayInvoke(this.resource.functionArns[index] ?? ''));
    await Promise.allSettled(allowed.map((host) => host.invoke(this.event(), 'events')));
  }

  /** @param serviceName the function's folder in `lambdas/` */
  isOf(serviceName: string): boolean {
    return this.hosts.some(({ resource }) => resource.serviceName === serviceName);
  }

  close(): void {
    this.cancel();
  }

  private event(): object {
    return {
      version: '0',
      source: 'aws.events',
      'detail-type': 'Scheduled Event',
      time: new Date(this.clock.now()).toISOString(),
      detail: {},
    };
  }
}
