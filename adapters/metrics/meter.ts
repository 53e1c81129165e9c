import { METRICS, type MetricName } from '../../domain/observability/metrics.ts';

/** Receives the counts and measurements of a function. */
export interface Meter {
  /** One value of a metric. `of` is the PSP or the currency, for a metric that is kept by one. */
  put(metric: MetricName, value: number, of?: string): void;
}

/** All values of one metric and one PSP, currency or stage. */
export interface Measurement {
  readonly metric: MetricName;
  readonly of: string | undefined;
  readonly values: readonly number[];
}

/** For code that runs without a log for metrics. */
export const unmetered: Meter = { put: () => {} };

/** Collects values until it is drained: counts are summed, all other values are kept for their distribution. */
export class GatheringMeter implements Meter {
  private readonly measurements = new Map<
    string,
    { metric: MetricName; of: string | undefined; values: number[] }
  >();

  put(metric: MetricName, value: number, of?: string): void {
    const key = `${metric} ${of ?? ''}`;
    const known = this.measurements.get(key);
    if (known === undefined) this.measurements.set(key, { metric, of, values: [value] });
    else if (METRICS[metric].unit === 'Count') known.values = [(known.values[0] ?? 0) + value];
    else known.values.push(value);
  }

  drain(): readonly Measurement[] {
    const drained = [...this.measurements.values()];
    this.measurements.clear();
    return drained;
  }
}
