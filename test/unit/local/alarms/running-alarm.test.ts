import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AlarmStates } from '../../../../local/alarms/alarm-states.ts';
import { Metrics, MINUTE_MS } from '../../../../local/alarms/metrics.ts';
import { Notifications } from '../../../../local/alarms/notifications.ts';
import { RunningAlarm } from '../../../../local/alarms/running-alarm.ts';
import { strictReadiness } from '../../../support/readiness.ts';

const METRIC = { namespace: 'AWS/SQS', name: 'Visible', dimensions: { QueueName: 'q' } };
const TOPIC = 'arn:aws:sns:us-east-1:000000000000:alarms';
const REDRIVE = 'arn:aws:lambda:us-east-1:000000000000:function:redrive';

let directory: string;
// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
let events: any[];
let notifications: Notifications;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-alarms-'));
  events = [];
  notifications = new Notifications(directory, strictReadiness());
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** An alarm at one datapoint of one minute, that invokes one function. */
function start(metrics: Metrics): RunningAlarm {
  return new RunningAlarm({
    resource: {
      name: 'dead-letters',
      description: 'something waits',
      metric: METRIC,
      statistic: 'Maximum',
      periodMilliseconds: MINUTE_MS,
      evaluationPeriods: 1,
      datapointsToAlarm: 1,
      threshold: 1,
      comparison: 'GreaterThanOrEqualToThreshold',
      treatMissingData: 'notBreaching',
      actions: { OK: [TOPIC], ALARM: [REDRIVE, TOPIC], INSUFFICIENT_DATA: [] },
    },
    metrics,
    states: new AlarmStates(directory, strictReadiness()),
    notifications,
    invoke: (_functionArn, event) => void events.push(event),
    accountId: '000000000000',
    region: 'us-east-1',
  });
}

test('an alarm acts when it begins, and not again while it lasts', () => {
  const metrics = new Metrics();
  const alarm = start(metrics);
  const at = (minute: number, value: number) => {
    metrics.put(METRIC, value, minute * MINUTE_MS - 1);
    alarm.evaluate(minute * MINUTE_MS);
  };
  at(1, 0);
  expect([alarm.state.value, events.length]).toEqual(['OK', 0]);
  at(2, 3);
  expect([alarm.state.value, events.length]).toEqual(['ALARM', 1]);
  at(3, 3);
  expect(events).toHaveLength(1);
  at(4, 0);
  at(5, 1);
  expect([alarm.state.value, events.length]).toEqual(['ALARM', 2]);
});

test('its event is what CloudWatch sends to a function', () => {
  const metrics = new Metrics();
  metrics.put(METRIC, 3, MINUTE_MS - 1);
  start(metrics).evaluate(MINUTE_MS);
  expect(events[0]).toEqual({
    source: 'aws.cloudwatch',
    alarmArn: 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:dead-letters',
    accountId: '000000000000',
    time: '1970-01-01T00:01:00.000Z',
    region: 'us-east-1',
    alarmData: {
      alarmName: 'dead-letters',
      state: {
        value: 'ALARM',
        reason: expect.stringContaining('1 out of the last 1 datapoints [3]'),
        reasonData: expect.stringContaining('"recentDatapoints":[3]'),
        timestamp: '1970-01-01T00:01:00.000Z',
      },
      previousState: expect.objectContaining({ value: 'INSUFFICIENT_DATA' }),
      configuration: {
        description: 'something waits',
        metrics: [
          {
            id: expect.any(String),
            metricStat: { metric: METRIC, period: 60, stat: 'Maximum' },
            returnData: true,
          },
        ],
      },
    },
  });
});

test('a restart in the middle of an alarm repeats no action', () => {
  const metrics = new Metrics();
  metrics.put(METRIC, 3, MINUTE_MS - 1);
  start(metrics).evaluate(MINUTE_MS);
  const restarted = start(metrics);
  expect(restarted.state.value).toBe('ALARM');
  restarted.evaluate(MINUTE_MS);
  expect(events).toHaveLength(1);
});

test('the subscriber is notified when an alarm begins and when it ends', () => {
  const metrics = new Metrics();
  const alarm = start(metrics);
  metrics.put(METRIC, 3, MINUTE_MS - 1);
  alarm.evaluate(MINUTE_MS);
  metrics.put(METRIC, 0, 2 * MINUTE_MS - 1);
  alarm.evaluate(2 * MINUTE_MS);
  expect(notifications.list()).toMatchObject([
    {
      topicArn: TOPIC,
      subject: 'ALARM: "dead-letters"',
      message: { AlarmDescription: 'something waits', NewStateValue: 'ALARM' },
    },
    { topicArn: TOPIC, subject: 'OK: "dead-letters"', message: { OldStateValue: 'ALARM' } },
  ]);
  const lines = readFileSync(join(directory, 'notifications.ndjson'), 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(notifications.list());
});
