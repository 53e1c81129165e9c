import type { Database } from '../adapters/database/database.ts';
import { listMerchants } from '../adapters/database/statements/operate-keys.ts';
import { CliError, EXIT } from './errors.ts';

/** @throws CliError where no such merchant was made: a change for it would be of no effect, and nobody would notice */
export async function requireMerchant(database: Database, merchantId: string): Promise<void> {
  const merchants = await listMerchants(database);
  if (merchants.some(({ merchant_id }) => merchant_id === merchantId)) return;
  throw new CliError(`There is no merchant ${merchantId}. See oncepay merchants list.`, EXIT.problem);
}
