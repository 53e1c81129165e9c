import type { Database } from '../adapters/database/database.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { listCircuits, pause } from '../adapters/database/statements/processing-pauses.ts';
import { PSPS } from '../domain/payment/payment-method.ts';
import { OperationError } from './operation-error.ts';
import { requireMerchant } from './require-merchant.ts';

/**
 * Pauses sending to one PSP, for one merchant, or altogether. Payments are still accepted and wait.
 *
 * @param pauseId `all`, `psp:<name>` or `merchant:<id>`
 * @returns false when it was paused already
 * @throws OperationError for an unknown PSP or merchant: the pause would have no effect
 */
export async function pauseProcessing(
  database: Database,
  pauseId: string,
  operator: Operator,
): Promise<boolean> {
  const [what, id = ''] = pauseId.split(':', 2);
  if (what === 'merchant') await requireMerchant(database, id);
  if (what === 'psp') await requirePsp(database, id);
  return pause(database, pauseId, operator);
}

async function requirePsp(database: Database, name: string): Promise<void> {
  const failedBefore = (await listCircuits(database)).map(({ psp }) => psp);
  const known = [...new Set([...PSPS, ...failedBefore])];
  if (!known.includes(name)) {
    throw new OperationError('unknown_subject', `There is no PSP ${name}; known are ${known.join(', ')}.`);
  }
}
