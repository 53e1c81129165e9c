import { type ApiKeyMode, bearerKeyOf, hashOfSecret, isSecretOf } from '../../adapters/api-key.ts';
import type { Database } from '../../adapters/database/database.ts';
import { findApiKey } from '../../adapters/database/statements/api-keys.ts';

export interface AuthorizedMerchant {
  readonly merchantId: string;
  readonly apiKeyId: string;
}

/**
 * The key's merchant; undefined if the key is not valid. A test key never works on a stage with real money, nor a live key on
 * one without: a confusion shows before a payment is made.
 *
 * The gateway caches the answer by the header's value. AWS doesn't document which of two values that is: two are refused, so
 * that no answer is cached by a value that was not checked.
 *
 * @param authorizations every value of the Authorization header; `Bearer <key>`
 */
export async function authorizeMerchant(
  authorizations: readonly string[],
  mode: ApiKeyMode,
  database: Database,
): Promise<AuthorizedMerchant | undefined> {
  const [authorization, ...more] = authorizations;
  const key = more.length === 0 ? bearerKeyOf(authorization) : undefined;
  if (key === undefined || key.mode !== mode) return undefined;
  const { apiKeyId, secret } = key;
  const found = await findApiKey(database, { apiKeyId, secretHash: hashOfSecret(secret) });
  if (found === undefined || !isSecretOf(found.secretHash, secret)) return undefined;
  return { merchantId: found.merchantId, apiKeyId };
}
