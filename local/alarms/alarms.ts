import type { Clock } from '../clock.ts';
import type { FunctionHost } from '../lambda/function-host.ts';
import type { SqsEngine } from '../sqs/engine/sqs-engine.ts';
import type { AlarmResource } from '../template/resources.ts';
import { AlarmStates } from './alarm-states.ts';
import { Metrics, MINUTE_MS } from './metrics.ts';
import { publishQueueMetrics } from './queue-metrics.ts';
import { RunningAlarm } from './running-alarm.ts';

export interface AlarmsOptions {
  readonly resources: readonly AlarmResource[];
  readonly engine: SqsEngine;
  readonly hostOf: (functionArn: string) => FunctionHost;
  readonly clock: Clock;
  readonly directory: string;
  readonly accountId: string;
  readonly region: string;
  /** Whether the function's policy lets the alarm of this ARN invoke it. */
  readonly mayInvoke: (functionArn: string, alarmArn: string) => boolean;
}

export interface AlarmStatus {
  readonly name: string;
  readonly state: string;
  readonly since: string;
  readonly reason: string;
}

/** All alarms of the templates: every minute metrics are taken and each alarm is evaluated. */
export class Alarms {
  readonly metrics = new Metrics();
  private readonly options: AlarmsOptions;
  private readonly alarms: readonly RunningAlarm[];
  private cancel = () => {};

  constructor(options: AlarmsOptions) {
    this.options = options;
    const states = new AlarmStates(options.directory);
    const { accountId, region, hostOf, mayInvoke } = options;
    this.alarms = options.resources.map(
      (resource) =>
        new RunningAlarm({ resource, metrics: this.metrics, states, hostOf, accountId, region, mayInvoke }),
    );
  }

  start(): void {
    const { clock } = this.options;
    // At the full minute, where a minute's datapoints are complete.
    this.cancel = clock.after(MINUTE_MS - (clock.now() % MINUTE_MS), () => {
      this.start();
      this.tick();
    });
  }

  close(): void {
    this.cancel();
  }

  list(): readonly AlarmStatus[] {
    return this.alarms.map(({ resource, state }) => ({
      name: resource.name,
      state: state.value,
      since: state.timestamp,
      reason: state.reason,
    }));
  }

  private tick(): void {
    const now = this.options.clock.now();
    // Of the minute that has just ended, however late the timer fired.
    publishQueueMetrics(this.options.engine, this.metrics, now - (now % MINUTE_MS) - 1);
    for (const alarm of this.alarms) alarm.evaluate(now);
  }
}
