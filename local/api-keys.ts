import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import {
  type ApiKeyMode,
  apiKeyModeOf,
  generateApiKey,
  hashOfSecret,
  parseApiKey,
} from '../adapters/api-key.ts';
import { createDirectDatabase } from '../adapters/database/direct-database.ts';
import { createApiKey } from '../adapters/database/statements/api-keys.ts';
import type { Deployment } from './template/resources.ts';

const keysSchema = z.object({ apiKey: z.string(), secondApiKey: z.string() });

export type LocalApiKeys = z.infer<typeof keysSchema>;

const MERCHANTS = [
  { merchantId: 'mer_first', merchantName: 'First merchant', key: 'apiKey' },
  { merchantId: 'mer_second', merchantName: 'Second merchant', key: 'secondApiKey' },
] as const;

/** The mode of the keys that the deployed authorizer accepts. */
export function apiKeyModeIn({ functions }: Deployment): ApiKeyMode {
  const authorizer = functions.find(({ serviceName }) => serviceName === 'authorize-merchant');
  return apiKeyModeOf(authorizer?.environment.TAKES_REAL_MONEY === 'true');
}

/** Two merchants with a key each, the same at every start of this data directory with this mode. */
export async function provideApiKeys(
  directory: string,
  mode: ApiKeyMode,
  postgresUrl: string,
): Promise<LocalApiKeys> {
  const file = join(directory, 'api-keys.json');
  const keys = keptKeys(file, mode) ?? newKeys(file, mode);
  const database = createDirectDatabase(postgresUrl, 1);
  try {
    for (const { merchantId, merchantName, key } of MERCHANTS) {
      const parts = parseApiKey(keys[key]);
      if (parts === undefined)
        throw new Error(`${file} contains no valid API key; delete it to get new ones.`);
      const secretHash = hashOfSecret(parts.secret);
      await createApiKey(database, { apiKeyId: parts.apiKeyId, secretHash, merchantId, merchantName });
    }
  } finally {
    await database.close();
  }
  return keys;
}

/** Keys of another mode, or in an earlier version's format, don't work here: new ones are created. */
function keptKeys(file: string, mode: ApiKeyMode): LocalApiKeys | undefined {
  if (!existsSync(file)) return undefined;
  const keys = keysSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  const areOfUse = Object.values(keys).every((key) => parseApiKey(key)?.mode === mode);
  return areOfUse ? keys : undefined;
}

function newKeys(file: string, mode: ApiKeyMode): LocalApiKeys {
  const keys = { apiKey: generateApiKey(mode).text, secondApiKey: generateApiKey(mode).text };
  writeFileSync(`${file}.new`, JSON.stringify(keys), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return keys;
}
