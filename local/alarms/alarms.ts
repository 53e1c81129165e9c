import type { Clock } from '../clock.ts';
import type { Readiness } from '../readiness.ts';
import type { SqsEngine } from '../sqs/engine/sqs-engine.ts';
import type { AlarmResource } from '../template/resources.ts';
import { AlarmStates } from './alarm-states.ts';
import { type MetricName, type Metrics, MINUTE_MS } from './metrics.ts';
import { Notifications } from './notifications.ts';
import { publishQueueMetrics } from './queue-metrics.ts';
import { RunningAlarm } from './running-alarm.ts';

export interface AlarmsOptions {
  readonly resources: readonly AlarmResource[];
  readonly metrics: Metrics;
  readonly engine: SqsEngine;
  /** Hands Lambda an event. */
  readonly invoke: (functionArn: string, event: object) => void;
  readonly clock: Clock;
  readonly directory: string;
  readonly readiness: Readiness;
  readonly accountId: string;
  readonly region: string;
  /** Whether the function's policy lets the alarm of this ARN invoke it. */
  readonly mayInvoke: (functionArn: string, alarmArn: string) => boolean;
  /** Whether the topic's policy lets CloudWatch publish for the alarm of this ARN. */
  readonly mayPublish: (topicArn: string, alarmArn: string) => boolean;
}

export interface AlarmStatus {
  readonly name: string;
  /** What it watches. */
  readonly metric: MetricName;
  readonly state: string;
  readonly since: string;
  readonly reason: string;
}

/** All alarms of the templates. Every minute it collects the metrics and evaluates each alarm. */
export class Alarms {
  readonly notifications: Notifications;
  private readonly options: AlarmsOptions;
  private readonly alarms: readonly RunningAlarm[];
  private readonly startedAt: number;
  private cancel = () => {};

  constructor(options: AlarmsOptions) {
    this.options = options;
    this.startedAt = options.clock.now();
    const states = new AlarmStates(options.directory, options.readiness);
    const notifications = new Notifications(options.directory, options.readiness);
    this.notifications = notifications;
    this.alarms = options.resources.map(
      (resource) => new RunningAlarm({ ...options, resource, states, notifications }),
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
      metric: resource.metric,
      state: state.value,
      since: state.timestamp,
      reason: state.reason,
    }));
  }

  /** For the control server. */
  control() {
    const { metrics, clock } = this.options;
    return {
      alarms: () => this.list(),
      notifications: () => this.notifications.list(),
      putMetric: (metric: MetricName, value: number) => metrics.put(metric, value, clock.now()),
    };
  }

  private tick(): void {
    const now = this.options.clock.now();
    // For the minute that has just ended, however late the timer fired.
    publishQueueMetrics(this.options.engine, this.options.metrics, now - (now % MINUTE_MS) - 1);
    for (const alarm of this.alarms) if (this.wasThere(alarm, now)) alarm.evaluate(now);
  }

  /** A machine that was off is no outage: missing data counts only since the start. */
  private wasThere({ resource }: RunningAlarm, now: number): boolean {
    const { treatMissingData, evaluationPeriods, periodMilliseconds } = resource;
    return treatMissingData !== 'breaching' || now - this.startedAt >= evaluationPeriods * periodMilliseconds;
  }
}
