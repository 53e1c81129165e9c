import type { GeneratedApiKey } from '../adapters/api-key.ts';
import type { Database } from '../adapters/database/database.ts';
import type { ApiKeyRow } from '../adapters/database/statements/operate-keys.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { addKey, type KeyRequest, validKeysOf } from './create-api-key.ts';
import { OperationError } from './operation-error.ts';

export interface RotatedKey {
  readonly created: GeneratedApiKey;
  /** Still valid, to be revoked once the merchant uses the new one. */
  readonly previous: ApiKeyRow;
}

/**
 * Creates a second key beside the one in use.
 *
 * @throws OperationError where the merchant has no valid key, or two
 */
export async function rotateApiKey(
  database: Database,
  request: Omit<KeyRequest, 'merchantName'>,
  operator: Operator,
): Promise<RotatedKey> {
  const { merchantId } = request;
  const [previous] = await validKeysOf(database, merchantId);
  if (previous === undefined) {
    throw new OperationError(
      'unknown_subject',
      `${merchantId} has no valid key to rotate. Create one: oncepay keys create --merchant ${merchantId} --why "…".`,
    );
  }
  return { created: await addKey(database, request, operator), previous };
}
