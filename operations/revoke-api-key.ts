import type { Database } from '../adapters/database/database.ts';
import { revokeApiKey as revoke } from '../adapters/database/statements/operate-keys.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { OperationError } from './operation-error.ts';

/**
 * Revokes a key. The gateway's authorizer cache may accept it for a while longer.
 *
 * @returns the id of the merchant whose key it was
 * @throws OperationError where there is no valid key of this id
 */
export async function revokeApiKey(
  database: Database,
  apiKeyId: string,
  operator: Operator,
): Promise<string> {
  const merchantId = await revoke(database, apiKeyId, operator);
  if (merchantId !== undefined) return merchantId;
  throw new OperationError(
    'unknown_subject',
    `There is no valid key ${apiKeyId}. See oncepay keys list --all.`,
  );
}
