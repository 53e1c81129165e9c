import { apiKeyModeOf, type GeneratedApiKey, generateApiKey } from '../adapters/api-key.ts';
import type { Database } from '../adapters/database/database.ts';
import {
  type ApiKeyRow,
  addApiKey,
  createMerchant,
  listApiKeys,
} from '../adapters/database/statements/operate-keys.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { OperationError } from './operation-error.ts';

export interface KeyRequest {
  readonly merchantId: string;
  /** Of a merchant that is created with its first key. */
  readonly merchantName: string;
  readonly takesRealMoney: boolean;
}

/**
 * Creates a key, and its merchant where it is missing.
 *
 * @returns the key with its secret, which is kept nowhere
 * @throws OperationError where the merchant has two valid keys already
 */
export async function createApiKey(
  database: Database,
  request: KeyRequest,
  operator: Operator,
): Promise<GeneratedApiKey> {
  await createMerchant(database, request, operator);
  return addKey(database, request, operator);
}

/** @throws OperationError where the merchant doesn't exist, or has two valid keys */
export async function addKey(
  database: Database,
  { merchantId, takesRealMoney }: Omit<KeyRequest, 'merchantName'>,
  operator: Operator,
): Promise<GeneratedApiKey> {
  const key = generateApiKey(apiKeyModeOf(takesRealMoney));
  const { apiKeyId, secretHash } = key;
  switch (await addApiKey(database, { apiKeyId, secretHash, merchantId }, operator)) {
    case 'created':
      return key;
    case 'no_such_merchant':
      throw new OperationError('unknown_subject', `There is no merchant ${merchantId}.`);
    case 'two_are_valid': {
      const valid = (await validKeysOf(database, merchantId)).map(described).join('; ');
      throw new OperationError(
        'conflict',
        `${merchantId} has two valid keys, and a third is refused: ${valid}. Revoke the one that is no longer used: oncepay keys revoke <id> --why "…".`,
      );
    }
  }
}

/** At most two. */
export function validKeysOf(database: Database, merchantId: string): Promise<readonly ApiKeyRow[]> {
  return listApiKeys(database, { merchantId, revokedToo: false, limit: 2 });
}

function described(key: ApiKeyRow): string {
  return `${key.api_key_id}, ${key.last_used_at === null ? 'never used' : `last used ${key.last_used_at}`}`;
}
