import * as z from 'zod/mini';
import type { Database } from '../database.ts';

const foundRow = z.object({ merchant_id: z.string(), secret_hash: z.string() });

/** Undefined when there is no such key or it is revoked. */
export async function findApiKey(
  database: Database,
  apiKeyId: string,
): Promise<{ readonly merchantId: string; readonly secretHash: string } | undefined> {
  const [found] = await database.execute(FIND_SQL, { api_key_id: apiKeyId });
  if (found === undefined) return undefined;
  const { merchant_id, secret_hash } = foundRow.parse(found);
  return { merchantId: merchant_id, secretHash: secret_hash };
}

const FIND_SQL = `
select merchant_id, secret_hash
from api_key
where api_key_id = :input::jsonb ->> 'api_key_id' and revoked_at is null
`;

export interface NewApiKey {
  readonly apiKeyId: string;
  readonly secretHash: string;
  readonly merchantId: string;
  readonly merchantName: string;
}

/** Creates the merchant if need be, and the key. Safe to replay: both are kept if they exist. */
export async function createApiKey(database: Database, key: NewApiKey): Promise<void> {
  await database.execute(CREATE_SQL, {
    api_key_id: key.apiKeyId,
    secret_hash: key.secretHash,
    merchant_id: key.merchantId,
    merchant_name: key.merchantName,
  });
}

const CREATE_SQL = `
with input as (
  select * from jsonb_to_record(:input::jsonb) as r(
    api_key_id text, secret_hash text, merchant_id text, merchant_name text)
),
new_merchant as (
  insert into merchant (merchant_id, name, created_at)
  select merchant_id, merchant_name, clock() from input
  on conflict do nothing
)
insert into api_key (api_key_id, merchant_id, secret_hash, created_at)
select api_key_id, merchant_id, secret_hash, clock() from input
on conflict do nothing
`;
