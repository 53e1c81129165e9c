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

/** The start of every line in the embedded metric format; nearly all other lines are skipped unparsed. */
const BEGINNING = '{"_aws":';

/**
 * Extracts the metrics from a function's log line in the embedded metric format, as CloudWatch Logs does. They are dated by
 * the line's arrival on this runtime's clock, not by the line's own timestamp, which tests can't move.
 */
export function readEmbeddedMetrics(line: string, metrics: Metrics, at: number): void {
  if (!line.startsWith(BEGINNING)) return;
  const parsed = lineSchema.safeParse(fromJson(line));
  // As in CloudWatch: what can't be read as metrics is an ordinary log line.
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
