import { METRIC_NAMESPACE, METRICS } from '../../domain/observability/metrics.ts';
import type { Measurement } from './meter.ts';

/** CloudWatch's maximum number of values of one metric in one line. */
const VALUES_LIMIT = 100;

/** The fields of every line besides its metrics. */
export interface MetricSource {
  readonly stage: string;
  /** The function's folder in lambdas/. */
  readonly service: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Formats metrics as lines of CloudWatch's embedded metric format: log lines that become metrics without a request. Usually one
 * line: metrics of the stage, and those of one PSP for the stage and the PSP. A second PSP or a currency needs another line,
 * since a line has each dimension once.
 */
export function embeddedMetrics(
  measurements: readonly Measurement[],
  source: MetricSource,
): readonly string[] {
  const byStage = measurements.filter(({ of }) => of === undefined);
  const named = measurements.filter(({ of }) => of !== undefined);
  const [first = [], ...others] = Map.groupBy(named, ({ of }) => of).values();
  if (first.length + byStage.length === 0) return [];
  return [[...byStage, ...first], ...others].map((group) => lineOf(group, source));
}

function lineOf(measurements: readonly Measurement[], { stage, service, at }: MetricSource): string {
  const directives = [...Map.groupBy(measurements, ({ metric, of }) => dimensionsOf(metric, of))];
  const named = measurements.find(({ of }) => of !== undefined);
  return JSON.stringify({
    _aws: {
      Timestamp: at,
      CloudWatchMetrics: directives.map(([dimensions, group]) => ({
        Namespace: METRIC_NAMESPACE,
        Dimensions: JSON.parse(dimensions),
        Metrics: group.map(({ metric }) => ({ Name: metric, Unit: METRICS[metric].unit })),
      })),
    },
    stage,
    service,
    ...(named === undefined ? {} : { [METRICS[named.metric].by]: named.of }),
    ...Object.fromEntries(measurements.map(({ metric, values }) => [metric, oneOrMany(values)])),
  });
}

/** JSON, so that it can be a key. */
function dimensionsOf(metric: Measurement['metric'], of: string | undefined): string {
  const { by } = METRICS[metric];
  if (of === undefined || by === 'stage') return JSON.stringify([['stage']]);
  return JSON.stringify(by === 'currency' ? [['stage', by]] : [['stage'], ['stage', by]]);
}

function oneOrMany(values: readonly number[]): number | readonly number[] | undefined {
  return values.length === 1 ? values[0] : values.slice(0, VALUES_LIMIT);
}
