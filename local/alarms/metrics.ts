/** Identifies a series of datapoints, as in CloudWatch. */
export interface MetricName {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

export type Statistic = 'Average' | 'Maximum' | 'Minimum' | 'SampleCount' | 'Sum' | `p${number}`;

/** Standard resolution: one minute. */
export const MINUTE_MS = 60_000;
/** How far back an alarm of standard resolution looks here. */
const KEPT_MINUTES = 24 * 60;
/** How many values of a minute are kept for percentiles, the newest ones. */
const KEPT_VALUES = 1_000;

interface Minute {
  sum: number;
  samples: number;
  minimum: number;
  maximum: number;
  readonly values: number[];
}

/** Datapoints of the last day, by minute. They don't survive a restart; the alarms' states do. */
export class Metrics {
  private readonly series = new Map<string, Map<number, Minute>>();

  put(metric: MetricName, value: number, at: number): void {
    const key = keyOf(metric);
    const minutes = this.series.get(key) ?? new Map<number, Minute>();
    this.series.set(key, minutes);
    const start = Math.floor(at / MINUTE_MS) * MINUTE_MS;
    const minute = minutes.get(start) ?? { sum: 0, samples: 0, minimum: value, maximum: value, values: [] };
    minute.values.push(value);
    if (minute.values.length > KEPT_VALUES) minute.values.shift();
    minutes.set(start, {
      sum: minute.sum + value,
      samples: minute.samples + 1,
      minimum: Math.min(minute.minimum, value),
      maximum: Math.max(minute.maximum, value),
      values: minute.values,
    });
    const [oldest] = minutes.keys();
    if (minutes.size > KEPT_MINUTES && oldest !== undefined) minutes.delete(oldest);
  }

  /** The statistic over `[from, to)`; undefined if there is no datapoint. */
  read(metric: MetricName, statistic: Statistic, from: number, to: number): number | undefined {
    const minutes = [...(this.series.get(keyOf(metric)) ?? [])]
      .filter(([start]) => start >= from && start < to)
      .map(([, minute]) => minute);
    if (minutes.length === 0) return undefined;
    const sum = minutes.reduce((total, minute) => total + minute.sum, 0);
    const samples = minutes.reduce((total, minute) => total + minute.samples, 0);
    switch (statistic) {
      case 'Sum':
        return sum;
      case 'SampleCount':
        return samples;
      case 'Average':
        return sum / samples;
      case 'Minimum':
        return Math.min(...minutes.map((minute) => minute.minimum));
      case 'Maximum':
        return Math.max(...minutes.map((minute) => minute.maximum));
      default:
        return percentile(
          minutes.flatMap(({ values }) => values),
          Number(statistic.slice(1)),
        );
    }
  }
}

/** The smallest value that the given percentage of values doesn't exceed. */
function percentile(values: readonly number[], percent: number): number | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}

function keyOf({ namespace, name, dimensions }: MetricName): string {
  const sorted = Object.entries(dimensions).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([namespace, name, sorted]);
}
