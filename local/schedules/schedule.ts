import type { Clock } from '../clock.ts';
import type { FunctionHost } from '../lambda/function-host.ts';
import type { ScheduleResource } from '../template/resources.ts';

/** Invokes functions at a fixed rate. A run that fails or lasts long changes nothing for the next. */
export class RunningSchedule {
  private readonly resource: ScheduleResource;
  private readonly hosts: readonly FunctionHost[];
  private readonly clock: Clock;
  private cancel = () => {};

  constructor(resource: ScheduleResource, hosts: readonly FunctionHost[], clock: Clock) {
    this.resource = resource;
    this.hosts = hosts;
    this.clock = clock;
  }

  start(): void {
    this.cancel = this.clock.after(this.resource.periodMilliseconds, () => {
      this.start();
      for (const host of this.hosts) void host.invoke(this.event(), 'events').catch(() => {});
    });
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
