import { createColors } from 'picocolors';
import * as z from 'zod';

const changeSchema = z.object({
  message: z.literal('payment order changed'),
  timestamp: z.string(),
  payment_id: z.string(),
  payment_order_id: z.string(),
  to: z.string(),
  status_detail: z.string().nullish(),
  reason: z.string().nullish(),
  amount: z.string(),
});

const lineSchema = z.object({
  level: z.string(),
  message: z.string(),
  timestamp: z.string(),
  service: z.string(),
  error: z.object({ message: z.string() }).optional(),
});

/** Metrics in CloudWatch's embedded format are not shown to people. */
const metricsSchema = z.object({ _aws: z.object({}) });

export interface LiveLogOptions {
  /** Every line as JSON, for programs: other lines become the message of an object. */
  readonly json: boolean;
  readonly color: boolean;
  /** Writes one line. */
  readonly write: (line: string) => void;
}

/** The functions' log for people: one line per change of an order's state, and errors. */
export function createLiveLog({ json, color, write }: LiveLogOptions): (line: string) => void {
  if (json) return (line) => write(isJson(line) ? line : JSON.stringify({ message: line }));
  const colors = createColors(color);
  const paint: Readonly<Record<string, (text: string) => string>> = {
    NOT_STARTED: colors.dim,
    EXECUTING: colors.cyan,
    SUCCESS: colors.green,
    FAILED: colors.red,
  };
  return (line) => {
    const parsed = parse(line);
    const change = changeSchema.safeParse(parsed);
    if (change.success) {
      const { timestamp, payment_order_id, to, status_detail, reason, amount } = change.data;
      const state = (paint[to] ?? ((text: string) => text))(to.padEnd(11));
      const detail = [status_detail, reason].filter((part) => part !== null && part !== undefined).join(': ');
      write(
        `${colors.dim(timestamp.slice(11, 23))}  ${payment_order_id}  ${state} ${amount.padStart(16)}  ${detail}`.trimEnd(),
      );
      return;
    }
    if (metricsSchema.safeParse(parsed).success) return;
    const other = lineSchema.safeParse(parsed);
    if (!other.success) return write(line);
    if (other.data.level === 'INFO' || other.data.level === 'DEBUG') return;
    const { timestamp, level, service, message, error } = other.data;
    const cause = error === undefined ? '' : `: ${error.message}`;
    write(`${colors.dim(timestamp.slice(11, 23))}  ${colors.yellow(level)} ${service}: ${message}${cause}`);
  };
}

/** A function's own lines are JSON; Node's output isn't. Checking the braces is cheap enough for every line. */
function isJson(line: string): boolean {
  return line.startsWith('{') && line.endsWith('}');
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
