import type { AlarmResource } from '../template/resources.ts';
import { type Metrics, MINUTE_MS } from './metrics.ts';

export type AlarmValue = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** The result of an evaluation; `retain` keeps the state. */
export interface Evaluation {
  readonly value: AlarmValue | 'retain';
  readonly reason: string;
  readonly datapoints: readonly number[];
}

/** CloudWatch looks at more periods than it needs, so that late datapoints count. */
const EXTRA_PERIODS = 2;

/** Evaluates an alarm at the end of the last full minute, by CloudWatch's documented rules on missing data. */
export function evaluateAlarm(alarm: AlarmResource, metrics: Metrics, now: number): Evaluation {
  const end = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const real = datapointsBefore(end, alarm, metrics).slice(0, alarm.evaluationPeriods);
  const breaching = real.filter((value) => isBreaching(value, alarm)).length;
  return {
    value: decideState(alarm, real.length, breaching),
    reason: reasonOf(alarm, real, breaching),
    datapoints: real,
  };
}

/** Those that exist, newest first. */
function datapointsBefore(end: number, alarm: AlarmResource, metrics: Metrics): number[] {
  const found: number[] = [];
  for (let period = 0; period < alarm.evaluationPeriods + EXTRA_PERIODS; period += 1) {
    const to = end - period * alarm.periodMilliseconds;
    const value = metrics.read(alarm.metric, alarm.statistic, to - alarm.periodMilliseconds, to);
    if (value !== undefined) found.push(value);
  }
  return found;
}

function decideState(alarm: AlarmResource, real: number, breaching: number): Evaluation['value'] {
  const missing = alarm.evaluationPeriods - real;
  if (breaching >= alarm.datapointsToAlarm) return 'ALARM';
  switch (alarm.treatMissingData) {
    case 'breaching':
      return breaching + missing >= alarm.datapointsToAlarm ? 'ALARM' : 'OK';
    case 'notBreaching':
      return 'OK';
    case 'ignore':
      return missing > 0 && breaching === real ? 'retain' : 'OK';
    case 'missing':
      if (real === 0) return 'INSUFFICIENT_DATA';
      return missing > 0 && breaching === real ? 'ALARM' : 'OK';
  }
}

export function isBreaching(value: number, alarm: Pick<AlarmResource, 'comparison' | 'threshold'>): boolean {
  switch (alarm.comparison) {
    case 'GreaterThanOrEqualToThreshold':
      return value >= alarm.threshold;
    case 'GreaterThanThreshold':
      return value > alarm.threshold;
    case 'LessThanOrEqualToThreshold':
      return value <= alarm.threshold;
    case 'LessThanThreshold':
      return value < alarm.threshold;
  }
}

function reasonOf(alarm: AlarmResource, real: readonly number[], breaching: number): string {
  if (real.length === 0) {
    return `Threshold Crossed: no datapoints were received for ${alarm.evaluationPeriods} period(s); missing data is treated as ${alarm.treatMissingData}.`;
  }
  return `Threshold Crossed: ${breaching} out of the last ${alarm.evaluationPeriods} datapoints [${real.join(', ')}] crossed the threshold (${alarm.comparison} ${alarm.threshold}); ${alarm.datapointsToAlarm} make an alarm.`;
}
