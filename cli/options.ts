import { userInfo } from 'node:os';
import { InvalidArgumentError } from 'commander';
import * as z from 'zod';
import type { Operator } from '../adapters/database/statements/quarantine.ts';
import { CliError, EXIT } from './errors.ts';

/** What every command takes: which pipeline, and for whom the output is. */
export const commonSchema = z.object({
  stage: z.string().optional(),
  profile: z.string().optional(),
  region: z.string().optional(),
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

/** Who acts, for the record: the caller's word, else the account on this machine. */
export function operatorOf(options: {
  readonly by?: string | undefined;
  readonly why?: string | undefined;
}): Operator {
  if (options.why === undefined || options.why.trim() === '') {
    throw new CliError('Say why, for the record: --why "…".', EXIT.usage);
  }
  return { actor: options.by ?? userInfo().username, reason: options.why };
}
