import { type ApiKeyMode, bearerKeyOf, hashOfSecret, isSecretOf } from '../../adapters/api-key.ts';
import type { Database } from '../../adapters/database/database.ts';
import { findApiKey } from '../../adapters/database/statements/api-keys.ts';

export interface AuthorizedMerchant {
  readonly merchantId: string;
  readonly apiKeyId: string;
}

/**
 * The merchant whose key this is; undefined for anything else. A test key never opens a stage where real money moves,
 * nor a live key one where none does: whoever confuses them learns it before a payment is made.
 *
 * The gateway keeps the answer under the header's value. Which of two values that is, AWS doesn't say: two are refused,
 * so that no answer is kept under a value that was not judged.
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
