import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { generateApiKey, hashOfSecret, parseApiKey } from '../adapters/api-key.ts';
import { createDirectDatabase } from '../adapters/database/direct-database.ts';
import { createApiKey } from '../adapters/database/statements/api-keys.ts';

const keysSchema = z.object({ apiKey: z.string(), secondApiKey: z.string() });

export type LocalApiKeys = z.infer<typeof keysSchema>;

const MERCHANTS = [
  { merchantId: 'mer_first', merchantName: 'First merchant', key: 'apiKey' },
  { merchantId: 'mer_second', merchantName: 'Second merchant', key: 'secondApiKey' },
] as const;

/** Two merchants with a key each, the same at every start of this data directory. */
export async function provideApiKeys(
  directory: string,
  stage: string,
  postgresUrl: string,
): Promise<LocalApiKeys> {
  const file = join(directory, 'api-keys.json');
  const keys = existsSync(file)
    ? keysSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    : newKeys(file, stage);
  const database = createDirectDatabase(postgresUrl, 1);
  try {
    for (const { merchantId, merchantName, key } of MERCHANTS) {
      const parts = parseApiKey(keys[key]);
      if (parts === undefined)
        throw new Error(`${file} holds no API key of ours; delete it to get new ones.`);
      const secretHash = hashOfSecret(parts.secret);
      await createApiKey(database, { apiKeyId: parts.apiKeyId, secretHash, merchantId, merchantName });
    }
  } finally {
    await database.close();
  }
  return keys;
}

function newKeys(file: string, stage: string): LocalApiKeys {
  const keys = { apiKey: generateApiKey(stage).text, secondApiKey: generateApiKey(stage).text };
  writeFileSync(`${file}.new`, JSON.stringify(keys), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return keys;
}
