import { METRICS, type MetricName } from '../../domain/observability/metrics.ts';

/** Takes what is counted and measured while a function works. */
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

/** For whatever runs without a log to write metrics to. */
export const unmetered: Meter = { put: () => {} };

/** Gathers until it is drained: counts are summed, every other value is kept, for its distribution. */
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
