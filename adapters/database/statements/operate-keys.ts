import * as z from 'zod/mini';
import { type Database, DatabaseError } from '../database.ts';
import { readInPages } from '../read-in-pages.ts';
import type { Operator } from './operation-log.ts';

const merchantRow = z.object({
  merchant_id: z.string(),
  name: z.string(),
  created_at: z.string(),
  valid_keys: z.int(),
});
export type MerchantRow = z.infer<typeof merchantRow>;

const keyRow = z.object({
  api_key_id: z.string(),
  merchant_id: z.string(),
  state: z.enum(['valid', 'revoked']),
  created_at: z.string(),
  last_used_at: z.nullable(z.string()),
  revoked_at: z.nullable(z.string()),
});
export type ApiKeyRow = z.infer<typeof keyRow>;

export interface NewMerchant {
  readonly merchantId: string;
  readonly merchantName: string;
}

/** @returns false when the merchant exists already; its name stays */
export async function createMerchant(
  database: Database,
  merchant: NewMerchant,
  operator: Operator,
): Promise<boolean> {
  const rows = await database.execute(CREATE_MERCHANT_SQL, {
    merchant_id: merchant.merchantId,
    merchant_name: merchant.merchantName,
    ...operator,
  });
  return rows.length > 0;
}

export async function listMerchants(database: Database): Promise<readonly MerchantRow[]> {
  return (await database.execute(MERCHANTS_SQL, {})).map((row) => merchantRow.parse(row));
}

export async function merchantExists(database: Database, merchantId: string): Promise<boolean> {
  const rows = await database.execute(MERCHANT_SQL, { merchant_id: merchantId });
  return rows.length > 0;
}

export type KeyCreation = 'created' | 'two_are_valid' | 'no_such_merchant';

/**
 * A key for a merchant that exists. Safe to replay. At most two of a merchant's keys are valid at once: the old and the
 * new one of a rotation; a trigger holds it against two operators at once.
 */
export async function addApiKey(
  database: Database,
  key: { readonly apiKeyId: string; readonly secretHash: string; readonly merchantId: string },
  operator: Operator,
): Promise<KeyCreation> {
  try {
    const [row] = await database.execute(ADD_SQL, {
      api_key_id: key.apiKeyId,
      secret_hash: key.secretHash,
      merchant_id: key.merchantId,
      ...operator,
    });
    return row === undefined ? 'no_such_merchant' : 'created';
  } catch (error) {
    if (error instanceof DatabaseError && error.constraint === 'api_key_two_valid_at_once')
      return 'two_are_valid';
    throw error;
  }
}

/** Newest first. */
export async function listApiKeys(
  database: Database,
  query: { readonly merchantId?: string | undefined; readonly revokedToo: boolean; readonly limit: number },
): Promise<readonly ApiKeyRow[]> {
  const { merchantId, revokedToo, limit } = query;
  const lists = merchantId === undefined ? KEY_LISTS.all : KEY_LISTS.ofMerchant;
  const sql = revokedToo ? lists.revokedToo : lists.valid;
  const rows = await readInPages(database, { sql, input: { merchant_id: merchantId }, limit });
  return rows.map((row) => keyRow.parse(row));
}

/** @returns whose key it was; undefined when there is no such key that is valid */
export async function revokeApiKey(
  database: Database,
  apiKeyId: string,
  operator: Operator,
): Promise<string | undefined> {
  const [row] = await database.execute(REVOKE_SQL, { api_key_id: apiKeyId, ...operator });
  return row === undefined ? undefined : z.object({ merchant_id: z.string() }).parse(row).merchant_id;
}

const CREATE_MERCHANT_SQL = `
with given as materialized (
  select :input::jsonb as p
),
created as (
  insert into merchant (merchant_id, name, created_at)
  select p ->> 'merchant_id', p ->> 'merchant_name', clock() from given
  on conflict do nothing
  returning merchant_id
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select 'merchant:' || merchant_id, 'merchant_created', p ->> 'actor', p ->> 'reason', p ->> 'origin', clock()
  from created, given
)
select merchant_id from created
`;

const MERCHANTS_SQL = `
select m.merchant_id, m.name, to_char(m.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at,
       (select count(*) from api_key k where k.merchant_id = m.merchant_id and k.revoked_at is null)::int as valid_keys
from merchant m
order by m.merchant_id
limit 1000
`;

const MERCHANT_SQL = `select merchant_id from merchant where merchant_id = :input::jsonb ->> 'merchant_id'`;

const ADD_SQL = `
with given as materialized (
  select :input::jsonb as p
),
known as materialized (
  select api_key_id from api_key where api_key_id = (select p ->> 'api_key_id' from given)
),
added as (
  insert into api_key (api_key_id, merchant_id, secret_hash, created_at)
  select p ->> 'api_key_id', m.merchant_id, p ->> 'secret_hash', clock()
  from given
  join merchant m on m.merchant_id = p ->> 'merchant_id'
  where not exists (select from known)
  returning api_key_id
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select 'key:' || api_key_id, 'key_created', p ->> 'actor', p ->> 'reason', p ->> 'origin', clock()
  from added, given
)
select api_key_id from added
union all
select api_key_id from known
`;

const listSql = (condition: string, order = '') => `
select jsonb_build_object('at', k.created_at, 'id', k.api_key_id)::text as position,
       k.api_key_id, k.merchant_id, case when k.revoked_at is null then 'valid' else 'revoked' end as state,
       to_char(k.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at,
       to_char(k.last_used_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as last_used_at,
       to_char(k.revoked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as revoked_at
from api_key k
where ${condition}
order by ${order} k.created_at desc, k.api_key_id desc
limit (:input::jsonb ->> 'limit')::int
`;

const AFTER = `coalesce((:input::jsonb -> 'after' ->> 'at')::timestamptz, 'infinity'), coalesce(:input::jsonb -> 'after' ->> 'id', '')`;
const OF_ALL = `(k.created_at, k.api_key_id) < (${AFTER})`;
/** Equal, said so that only the index of merchants has the order. */
const OF_MERCHANT = `k.merchant_id >= :input::jsonb ->> 'merchant_id'
  and (k.merchant_id, k.created_at, k.api_key_id) < (:input::jsonb ->> 'merchant_id', ${AFTER})`;
const VALID = 'k.revoked_at is null';

/** Each filter has an index of its own; the keys of one merchant are few. */
export const KEY_LISTS = {
  all: { valid: listSql(`${OF_ALL} and ${VALID}`), revokedToo: listSql(OF_ALL) },
  ofMerchant: {
    valid: listSql(`${OF_MERCHANT} and ${VALID}`, 'k.merchant_id desc,'),
    revokedToo: listSql(OF_MERCHANT, 'k.merchant_id desc,'),
  },
} as const;

const REVOKE_SQL = `
with given as materialized (
  select :input::jsonb as p
),
revoked as (
  update api_key k
  set revoked_at = clock()
  from given
  where k.api_key_id = p ->> 'api_key_id' and k.revoked_at is null
  returning k.api_key_id, k.merchant_id
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select 'key:' || api_key_id, 'key_revoked', p ->> 'actor', p ->> 'reason', p ->> 'origin', clock()
  from revoked, given
)
select merchant_id from revoked
`;
