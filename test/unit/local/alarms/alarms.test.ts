import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Alarms } from '../../../../local/alarms/alarms.ts';
import { Metrics, MINUTE_MS } from '../../../../local/alarms/metrics.ts';
import { VirtualClock } from '../../../../local/clock.ts';
import type { SqsEngine } from '../../../../local/sqs/engine/sqs-engine.ts';
import { strictReadiness } from '../../../support/readiness.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-alarms-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('an alarm on missing data ignores the time before the start', () => {
  const clock = new VirtualClock(7 * MINUTE_MS);
  const alarms = new Alarms({
    resources: [
      {
        name: 'relay-stopped',
        description: 'nothing is sent again',
        metric: { namespace: 'Oncepay', name: 'RelayRuns', dimensions: {} },
        statistic: 'Sum',
        periodMilliseconds: MINUTE_MS,
        evaluationPeriods: 5,
        datapointsToAlarm: 5,
        threshold: 1,
        comparison: 'LessThanThreshold',
        treatMissingData: 'breaching',
        actions: { OK: [], ALARM: [], INSUFFICIENT_DATA: [] },
      },
    ],
    metrics: new Metrics(),
    engine: { allQueues: () => [] } as unknown as SqsEngine,
    invoke: () => {
      throw new Error('it invokes nothing');
    },
    clock,
    directory,
    readiness: strictReadiness(),
    accountId: '000000000000',
    region: 'us-east-1',
    mayInvoke: () => true,
    mayPublish: () => true,
  });
  alarms.start();

  clock.advance(4 * MINUTE_MS);
  expect(alarms.list()).toMatchObject([{ state: 'INSUFFICIENT_DATA' }]);
  clock.advance(MINUTE_MS);
  expect(alarms.list()).toMatchObject([{ state: 'ALARM' }]);
  alarms.close();
});
