import * as z from 'zod';
import { SIMULATED_PSPS } from '../../domain/payment/payment-method.ts';
import type { Pipeline } from '../connect.ts';
import { CliError, EXIT } from '../errors.ts';
import { commonSchema } from '../options.ts';
import type { Simulator } from '../simulator.ts';

export const pspSchema = commonSchema.extend({ psp: z.enum(SIMULATED_PSPS).optional() });

/** @throws CliError for a stage without simulated PSPs */
export function simulatorOf({ simulator }: Pipeline): Simulator {
  if (simulator !== undefined) return simulator;
  throw new CliError('This stage has no simulated PSPs.', EXIT.refused);
}

const PARAMETERS = ['psp', 'reference', 'status', 'limit'] as const;

/** The query of a request to the control address. */
export function queryOf(
  options: Partial<Record<(typeof PARAMETERS)[number], string | number | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const name of PARAMETERS) {
    if (options[name] !== undefined) query.set(name, String(options[name]));
  }
  return query.toString();
}
