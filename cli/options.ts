import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import type { Pipeline } from './connect.ts';
import { CliError, EXIT } from './errors.ts';

/** The options of every command: the pipeline and the output format. */
export const commonSchema = z.object({
  stage: z.string().optional(),
  profile: z.string().optional(),
  region: z.string().optional(),
  prefix: z.string().optional(),
  data: z.string(),
  json: z.boolean().default(false),
});

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value === 0)
    throw new InvalidArgumentError('It takes a whole number from 1.');
  return value;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90s`, `15m`, `2h`, `3d`; in seconds. */
export function duration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = unit === undefined ? undefined : UNIT_SECONDS[unit];
  if (seconds === undefined) throw new InvalidArgumentError('It takes 90s, 15m, 2h or 3d.');
  return Number(count) * seconds;
}

/** As a merchant's id goes into paths, keys and names of metrics. */
export function merchantId(text: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('It takes 1 to 64 letters, digits, _ and -.');
}

export function merchantName(text: string): string {
  if (text.trim() === text && text.length >= 1 && text.length <= 128) return text;
  throw new InvalidArgumentError('It takes 1 to 128 characters without white space around them.');
}

export const operatorSchema = commonSchema.extend({
  by: z.string().optional(),
  why: z.string().optional(),
});

/** The options of every command that changes something. */
export function withOperator(command: Command, why = 'the reason, for the log; required'): Command {
  return command.option('--by <name>', 'who does it, for the log').option('--why <text>', why);
}

/** The option of commands that ask for confirmation: see `confirm`. */
export function withYes(command: Command): Command {
  return command.option('--yes', 'don’t ask; required without a terminal', false);
}

/** The operator, the origin and the reason, for the log; the operator is `--by`, else this machine's user. */
export async function operatorOf(
  options: { readonly by?: string | undefined; readonly why?: string | undefined },
  pipeline: Pick<Pipeline, 'origin'>,
): Promise<Operator> {
  if (options.why === undefined || options.why.trim() === '') {
    throw new CliError('Give the reason, for the log: --why "…".', EXIT.usage);
  }
  return { actor: options.by ?? userInfo().username, reason: options.why, origin: await pipeline.origin() };
}
