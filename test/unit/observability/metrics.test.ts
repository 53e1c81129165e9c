import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { embeddedMetrics } from '../../../adapters/metrics/embedded-metrics.ts';
import { GatheringMeter } from '../../../adapters/metrics/meter.ts';
import { METRICS } from '../../../domain/observability/metrics.ts';

const SOURCE = { stage: 'dev', service: 'execute-instructions', at: 1_700_000_000_000 };

function linesOf(fill: (meter: GatheringMeter) => void) {
  const meter = new GatheringMeter();
  fill(meter);
  return embeddedMetrics(meter.drain(), SOURCE).map((line) => JSON.parse(line));
}

describe('metrics of an invocation', () => {
  test('are one line: the stage’s, and one PSP’s for the stage and the PSP', () => {
    const lines = linesOf((meter) => {
      meter.put('BatchFill', 10);
      for (let order = 0; order < 9; order += 1) meter.put('OrdersSucceeded', 1, 'simulator');
    });
    expect(lines).toEqual([
      {
        _aws: {
          Timestamp: SOURCE.at,
          CloudWatchMetrics: [
            {
              Namespace: 'Oncepay',
              Dimensions: [['stage']],
              Metrics: [{ Name: 'BatchFill', Unit: 'Count' }],
            },
            {
              Namespace: 'Oncepay',
              Dimensions: [['stage'], ['stage', 'psp']],
              Metrics: [{ Name: 'OrdersSucceeded', Unit: 'Count' }],
            },
          ],
        },
        stage: 'dev',
        service: 'execute-instructions',
        psp: 'simulator',
        BatchFill: 10,
        OrdersSucceeded: 9,
      },
    ]);
  });
  test('take a line per PSP, since a line names each dimension once', () => {
    const lines = linesOf((meter) => {
      meter.put('OrdersSucceeded', 1, 'simulator');
      meter.put('OrdersSucceeded', 2, 'simulator_2');
    });
    expect(lines.map(({ psp, OrdersSucceeded }) => [psp, OrdersSucceeded])).toEqual([
      ['simulator', 1],
      ['simulator_2', 2],
    ]);
  });
  test('of a currency are never added up over the stage', () => {
    const [line] = linesOf((meter) => meter.put('MoneyInUnknown', 15_000, 'KRW'));
    expect(line).toMatchObject({ currency: 'KRW', MoneyInUnknown: 15_000 });
    expect(line._aws.CloudWatchMetrics[0].Dimensions).toEqual([['stage', 'currency']]);
  });
  test('keep each time for its percentile, a hundred in a line at most', () => {
    const [line] = linesOf((meter) => {
      for (let time = 1; time <= 150; time += 1) meter.put('TimeToTerminal', time, 'simulator');
    });
    expect(line.TimeToTerminal).toHaveLength(100);
    expect(line.TimeToTerminal.slice(0, 3)).toEqual([1, 2, 3]);
  });
  test('are gone once drained, and nothing is no line', () => {
    const meter = new GatheringMeter();
    meter.put('BatchFill', 1);
    meter.drain();
    expect(embeddedMetrics(meter.drain(), SOURCE)).toEqual([]);
  });
});

describe('docs/metrics.md', () => {
  const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)`\s*\| (\w+)\s*\| (\w+)\s*\| ([^|]+)\|/gm)];
  test('lists every metric with its unit and dimension, and no other', () => {
    expect(rows.map(([, name, unit, by]) => [name, unit, by])).toEqual(
      Object.entries(METRICS).map(([name, { unit, by }]) => [name, unit, by]),
    );
  });
  test('names the functions whose code writes each metric', () => {
    const places: Readonly<Record<string, readonly string[]>> = {
      'accept-payment': ['lambdas/accept-payment/handler.ts'],
      'execute-instructions': ['execute-batch', 'report', 'dead-letters'].map(
        (file) => `lambdas/execute-instructions/${file}.ts`,
      ),
      'relay-instructions': ['lambdas/relay-instructions/handler.ts'],
      'sweep-movements': ['lambdas/sweep-movements/handler.ts'],
      'redrive-dead-letters': ['lambdas/redrive-dead-letters/handler.ts'],
      'measure-pipeline': ['lambdas/measure-pipeline/measure.ts', 'lambdas/measure-pipeline/handler.ts'],
      'receive-event': ['lambdas/receive-event/receive.ts', 'lambdas/receive-event/handler.ts'],
      'purge-expired': ['lambdas/purge-expired/handler.ts'],
      'every function that uses the database': ['adapters/database/meter-failures.ts'],
    };
    for (const [, name = '', , , writers = ''] of rows) {
      for (const writer of writers.trim().split(', ')) {
        const code = (places[writer] ?? []).map((file) =>
          readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'),
        );
        expect(
          code.some((text) => text.includes(`'${name}'`)),
          `${name} in ${writer}`,
        ).toBe(true);
      }
    }
  });
});
