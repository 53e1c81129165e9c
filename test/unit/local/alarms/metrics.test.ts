import { expect, test } from 'vitest';
import { Metrics, MINUTE_MS } from '../../../../local/alarms/metrics.ts';

const LATENCY = { namespace: 'AWS/ApiGateway', name: 'Latency', dimensions: { ApiName: 'api' } };

test('a percentile is the smallest value that so many per cent do not exceed', () => {
  const metrics = new Metrics();
  for (let value = 1; value <= 200; value += 1) metrics.put(LATENCY, value, value);
  expect(metrics.read(LATENCY, 'p99', 0, MINUTE_MS)).toBe(198);
  expect(metrics.read(LATENCY, 'p50', 0, MINUTE_MS)).toBe(100);
});

test('a minute without datapoints has no statistic', () => {
  const metrics = new Metrics();
  metrics.put(LATENCY, 5, 0);
  expect(metrics.read(LATENCY, 'p99', MINUTE_MS, 2 * MINUTE_MS)).toBeUndefined();
});
