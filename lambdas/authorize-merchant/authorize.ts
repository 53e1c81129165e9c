import { type ApiKeyMode, hashOfSecret, isSecretOf, parseApiKey } from '../../adapters/api-key.ts';
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
 * @param authorization the header's value, `Bearer <key>`
 */
export async function authorizeMerchant(
  authorization: string | undefined,
  mode: ApiKeyMode,
  database: Database,
): Promise<AuthorizedMerchant | undefined> {
  const key = parseApiKey(/^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '');
  if (key === undefined || key.mode !== mode) return undefined;
  const { apiKeyId, secret } = key;
  const found = await findApiKey(database, { apiKeyId, secretHash: hashOfSecret(secret) });
  if (found === undefined || !isSecretOf(found.secretHash, secret)) return undefined;
  return { merchantId: found.merchantId, apiKeyId };
}
