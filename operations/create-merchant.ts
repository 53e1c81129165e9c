import type { Database } from '../adapters/database/database.ts';
import { createMerchant as insertMerchant } from '../adapters/database/statements/operate-keys.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { OperationError } from './operation-error.ts';

export interface NewMerchant {
  readonly merchantId: string;
  readonly merchantName: string;
}

/** @throws OperationError where the merchant exists already */
export async function createMerchant(
  database: Database,
  merchant: NewMerchant,
  operator: Operator,
): Promise<void> {
  if (await insertMerchant(database, merchant, operator)) return;
  throw new OperationError('conflict', `${merchant.merchantId} exists already. See oncepay merchants list.`);
}
