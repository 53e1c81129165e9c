import * as z from 'zod';
import type { Metrics } from './metrics.ts';

const lineSchema = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string() })),
      }),
    ),
  }),
});
const valueSchema = z.union([z.number().transform((value) => [value]), z.array(z.number())]);

/** How every line of the embedded metric format begins: nearly all lines are none, and are passed over unparsed. */
const BEGINNING = '{"_aws":';

/**
 * What CloudWatch Logs makes of a function's line: its metrics, where it is in the embedded metric format. They count
 * from when the line arrives, by this runtime's clock and not the line's own, which tests don't move.
 */
export function readEmbeddedMetrics(line: string, metrics: Metrics, at: number): void {
  if (!line.startsWith(BEGINNING)) return;
  const parsed = lineSchema.safeParse(fromJson(line));
  // As CloudWatch does: what can't be read as metrics is a line of the log like any other.
  if (!parsed.success) return;
  for (const directive of parsed.data._aws.CloudWatchMetrics) {
    for (const names of directive.Dimensions) {
      const dimensions = Object.fromEntries(names.map((name) => [name, String(parsed.data[name])]));
      for (const { Name: name } of directive.Metrics) {
        const values = valueSchema.safeParse(parsed.data[name]);
        const put = (value: number) =>
          metrics.put({ namespace: directive.Namespace, name, dimensions }, value, at);
        if (values.success) for (const value of values.data) put(value);
      }
    }
  }
}

function fromJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
