import * as z from 'zod/mini';
import type { Database } from '../database.ts';

const foundRow = z.object({ merchant_id: z.string(), secret_hash: z.string() });

/**
 * Undefined when there is no such key or it is revoked. A key whose secret is right is marked as used, in this very
 * statement and at most once an hour: no request of its own, and no row that every request writes.
 */
export async function findApiKey(
  database: Database,
  key: { readonly apiKeyId: string; readonly secretHash: string },
): Promise<{ readonly merchantId: string; readonly secretHash: string } | undefined> {
  const [found] = await database.execute(FIND_SQL, {
    api_key_id: key.apiKeyId,
    secret_hash: key.secretHash,
  });
  if (found === undefined) return undefined;
  const { merchant_id, secret_hash } = foundRow.parse(found);
  return { merchantId: merchant_id, secretHash: secret_hash };
}

export const FIND_SQL = `
with given as materialized (
  select api_key_id, secret_hash from jsonb_to_record(:input::jsonb) as r(api_key_id text, secret_hash text)
),
used as (
  update api_key k
  set last_used_at = clock()
  from given
  where k.api_key_id = given.api_key_id and k.secret_hash = given.secret_hash and k.revoked_at is null
    and (k.last_used_at is null or k.last_used_at < clock() - interval '1 hour')
)
select k.merchant_id, k.secret_hash
from api_key k
join given on k.api_key_id = given.api_key_id
where k.revoked_at is null
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

/** A key that exists is not inserted again: the rule of two valid keys at once would refuse even that. */
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
where not exists (select from api_key k where k.api_key_id = input.api_key_id)
on conflict do nothing
`;
