import { describe, expect, test } from 'vitest';
import { evaluateAlarm, isBreaching } from '../../../../local/alarms/evaluate-alarm.ts';
import { Metrics, MINUTE_MS } from '../../../../local/alarms/metrics.ts';
import type { AlarmResource } from '../../../../local/template/resources.ts';

const METRIC = { namespace: 'AWS/SQS', name: 'Visible', dimensions: { QueueName: 'q' } };
const NOW = 1_000 * MINUTE_MS;

function alarm(change: Partial<AlarmResource> = {}): AlarmResource {
  return {
    name: 'a',
    description: '',
    metric: METRIC,
    statistic: 'Maximum',
    periodMilliseconds: MINUTE_MS,
    evaluationPeriods: 3,
    datapointsToAlarm: 3,
    threshold: 1,
    comparison: 'GreaterThanOrEqualToThreshold',
    treatMissingData: 'missing',
    actions: { OK: [], ALARM: [], INSUFFICIENT_DATA: [] },
    ...change,
  };
}

/** Datapoints as the documentation draws them, oldest first: `0` within, `X` breaching, `-` missing. */
function drawn(points: string): Metrics {
  const metrics = new Metrics();
  [...points].reverse().forEach((point, index) => {
    if (point !== '-') metrics.put(METRIC, point === 'X' ? 5 : 0, NOW - (index + 1) * MINUTE_MS);
  });
  return metrics;
}

const TREATMENTS = ['missing', 'ignore', 'breaching', 'notBreaching'] as const;

describe('an alarm of three periods, all of which must breach', () => {
  // The table "how missing data is treated" of CloudWatch's documentation.
  test.each([
    ['0-X-X', ['OK', 'OK', 'OK', 'OK']],
    ['----0', ['OK', 'OK', 'OK', 'OK']],
    ['-----', ['INSUFFICIENT_DATA', 'retain', 'ALARM', 'OK']],
    ['0XX-X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['--X--', ['ALARM', 'retain', 'ALARM', 'OK']],
  ] as const)('with %s', (points, expected) => {
    const found = TREATMENTS.map(
      (treatMissingData) => evaluateAlarm(alarm({ treatMissingData }), drawn(points), NOW).value,
    );
    // In 0-X-X the newest three that exist hold a datapoint within the threshold.
    expect(found).toEqual(expected);
  });
});

describe('an alarm of two in three periods', () => {
  test.each([
    ['00X0X', ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0-X--', ['OK', 'OK', 'ALARM', 'OK']],
    ['-----', ['INSUFFICIENT_DATA', 'retain', 'ALARM', 'OK']],
  ] as const)('with %s', (points, expected) => {
    const found = TREATMENTS.map(
      (treatMissingData) =>
        evaluateAlarm(alarm({ treatMissingData, datapointsToAlarm: 2 }), drawn(points), NOW).value,
    );
    expect(found).toEqual(expected);
  });
});

test.each([
  ['GreaterThanOrEqualToThreshold', [false, true, true]],
  ['GreaterThanThreshold', [false, false, true]],
  ['LessThanOrEqualToThreshold', [true, true, false]],
  ['LessThanThreshold', [true, false, false]],
] as const)('%s compares as it says', (comparison, expected) => {
  expect([1, 2, 3].map((value) => isBreaching(value, { comparison, threshold: 2 }))).toEqual(expected);
});

test.each([
  ['Sum', 9],
  ['SampleCount', 3],
  ['Average', 3],
  ['Minimum', 1],
  ['Maximum', 5],
] as const)('a period longer than a minute takes the %s over all of it', (statistic, value) => {
  const metrics = new Metrics();
  for (const [minutesAgo, sample] of [
    [1, 1],
    [2, 5],
    [5, 3],
    [6, 100],
  ] as const) {
    metrics.put(METRIC, sample, NOW - minutesAgo * MINUTE_MS);
  }
  const { datapoints } = evaluateAlarm(
    alarm({ statistic, periodMilliseconds: 5 * MINUTE_MS, evaluationPeriods: 1, datapointsToAlarm: 1 }),
    metrics,
    NOW,
  );
  expect(datapoints[0]).toBe(value);
});

test('metrics of other dimensions are others', () => {
  const metrics = new Metrics();
  metrics.put({ ...METRIC, dimensions: { QueueName: 'other' } }, 5, NOW - 1);
  expect(evaluateAlarm(alarm(), metrics, NOW).value).toBe('INSUFFICIENT_DATA');
});
