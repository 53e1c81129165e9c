import type { Database } from '../adapters/database/database.ts';
import { merchantExists } from '../adapters/database/statements/operate-keys.ts';
import { OperationError } from './operation-error.ts';

/** @throws OperationError where there is no such merchant: a change for it would have no effect, and nobody would notice */
export async function requireMerchant(database: Database, merchantId: string): Promise<void> {
  if (await merchantExists(database, merchantId)) return;
  throw new OperationError(
    'unknown_subject',
    `There is no merchant ${merchantId}. See oncepay merchants list.`,
  );
}
