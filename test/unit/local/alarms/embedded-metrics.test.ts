import { expect, test } from 'vitest';
import { readEmbeddedMetrics } from '../../../../local/alarms/embedded-metrics.ts';
import { type MetricName, Metrics, MINUTE_MS } from '../../../../local/alarms/metrics.ts';

const NAMESPACE = 'Oncepay';

/** As a function writes it: one metric of the stage and of a PSP, with two values. */
const LINE = JSON.stringify({
  _aws: {
    Timestamp: 0,
    CloudWatchMetrics: [
      {
        Namespace: NAMESPACE,
        Dimensions: [['stage'], ['stage', 'psp']],
        Metrics: [{ Name: 'TimeToTerminal', Unit: 'Milliseconds' }],
      },
    ],
  },
  stage: 'dev',
  psp: 'simulator',
  TimeToTerminal: [100, 300],
});

function maximum(metrics: Metrics, dimensions: MetricName['dimensions']): number | undefined {
  const metric = { namespace: NAMESPACE, name: 'TimeToTerminal', dimensions };
  return metrics.read(metric, 'Maximum', MINUTE_MS, 2 * MINUTE_MS);
}

test('a line counts for each set of dimensions that it names, in the minute of its arrival', () => {
  const metrics = new Metrics();
  readEmbeddedMetrics(LINE, metrics, MINUTE_MS);
  expect(maximum(metrics, { stage: 'dev' })).toBe(300);
  expect(maximum(metrics, { stage: 'dev', psp: 'simulator' })).toBe(300);
  expect(maximum(metrics, { psp: 'simulator' })).toBeUndefined();
});

test.each([
  ['of a function’s log', '{"level":"INFO","message":"batch executed"}'],
  ['that breaks off', LINE.slice(0, -10)],
  ['that begins like one and is none', '{"_aws":true}'],
])('a line %s is ignored without an error', (_what, line) => {
  const metrics = new Metrics();
  readEmbeddedMetrics(line, metrics, MINUTE_MS);
  expect(maximum(metrics, { stage: 'dev' })).toBeUndefined();
});
