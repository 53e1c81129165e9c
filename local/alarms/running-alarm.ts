import { randomUUID } from 'node:crypto';
import type { AlarmResource } from '../template/resources.ts';
import type { AlarmState, AlarmStates } from './alarm-states.ts';
import { evaluateAlarm } from './evaluate-alarm.ts';
import type { Metrics } from './metrics.ts';
import type { Notifications } from './notifications.ts';

export interface RunningAlarmOptions {
  readonly resource: AlarmResource;
  readonly metrics: Metrics;
  readonly states: AlarmStates;
  /** Hands an event to Lambda, which runs the function later and tells nothing of the outcome. */
  readonly invoke: (functionArn: string, event: object) => void;
  readonly notifications: Notifications;
  readonly accountId: string;
  readonly region: string;
  /** Whether the function's policy lets the alarm of this ARN invoke it; undefined: it may. */
  readonly mayInvoke?: (functionArn: string, alarmArn: string) => boolean;
  /** Whether the topic's policy lets CloudWatch publish for the alarm of this ARN; undefined: it may. */
  readonly mayPublish?: (topicArn: string, alarmArn: string) => boolean;
}

/** One alarm. Its actions are invoked only when its state changes. */
export class RunningAlarm {
  readonly resource: AlarmResource;
  private readonly options: RunningAlarmOptions;

  constructor(options: RunningAlarmOptions) {
    this.options = options;
    this.resource = options.resource;
  }

  get state(): AlarmState {
    return this.options.states.of(this.resource.name);
  }

  evaluate(now: number): void {
    const { value, reason, datapoints } = evaluateAlarm(this.resource, this.options.metrics, now);
    const previous = this.state;
    if (value === 'retain' || value === previous.value) return;
    const timestamp = new Date(now).toISOString();
    const reasonData = JSON.stringify({
      version: '1.0',
      queryDate: timestamp,
      statistic: this.resource.statistic,
      period: this.resource.periodMilliseconds / 1000,
      recentDatapoints: datapoints,
      threshold: this.resource.threshold,
    });
    const state = { value, reason, reasonData, timestamp };
    this.options.states.set(this.resource.name, state);
    this.act(state, previous);
  }

  private act(state: AlarmState, previous: AlarmState): void {
    for (const actionArn of this.resource.actions[state.value]) {
      if (actionArn.startsWith('arn:aws:sns:')) this.publish(actionArn, state, previous);
      else this.invoke(actionArn, state, previous);
    }
  }

  private invoke(functionArn: string, state: AlarmState, previous: AlarmState): void {
    if (this.options.mayInvoke?.(functionArn, this.arn) === false) return;
    this.options.invoke(functionArn, this.event(state, previous));
  }

  /** The text of CloudWatch's e-mail. */
  private publish(topicArn: string, state: AlarmState, previous: AlarmState): void {
    if (this.options.mayPublish?.(topicArn, this.arn) === false) return;
    const { name, description } = this.resource;
    this.options.notifications.publish({
      topicArn,
      subject: `${state.value}: "${name}"`,
      message: {
        AlarmName: name,
        AlarmDescription: description,
        NewStateValue: state.value,
        NewStateReason: state.reason,
        StateChangeTime: state.timestamp,
        OldStateValue: previous.value,
        AlarmArn: this.arn,
      },
    });
  }

  private get arn(): string {
    const { resource, accountId, region } = this.options;
    return `arn:aws:cloudwatch:${region}:${accountId}:alarm:${resource.name}`;
  }

  private event(state: AlarmState, previousState: AlarmState): object {
    const { resource, accountId, region } = this.options;
    return {
      source: 'aws.cloudwatch',
      alarmArn: this.arn,
      accountId,
      time: state.timestamp,
      region,
      alarmData: {
        alarmName: resource.name,
        state,
        previousState,
        configuration: {
          description: resource.description,
          metrics: [
            {
              id: randomUUID(),
              metricStat: {
                metric: resource.metric,
                period: resource.periodMilliseconds / 1000,
                stat: resource.statistic,
              },
              returnData: true,
            },
          ],
        },
      },
    };
  }
}
