import { isSecretOf, parseApiKey } from '../../adapters/api-key.ts';
import type { Database } from '../../adapters/database/database.ts';
import { findApiKey } from '../../adapters/database/statements/api-keys.ts';

export interface AuthorizedMerchant {
  readonly merchantId: string;
  readonly apiKeyId: string;
}

/**
 * The merchant whose key this is; undefined for anything else.
 *
 * @param authorization the header's value, `Bearer <key>`
 */
export async function authorizeMerchant(
  authorization: string | undefined,
  database: Database,
): Promise<AuthorizedMerchant | undefined> {
  const key = parseApiKey(/^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '');
  if (key === undefined) return undefined;
  const found = await findApiKey(database, key.apiKeyId);
  if (found === undefined || !isSecretOf(found.secretHash, key.secret)) return undefined;
  return { merchantId: found.merchantId, apiKeyId: key.apiKeyId };
}
