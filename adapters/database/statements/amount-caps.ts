import * as z from 'zod/mini';
import { amountColumn } from '../columns.ts';
import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';

/** Stands for every merchant that has no cap of its own. */
export const EVERY_MERCHANT = '*';

export interface CapKey {
  /** A merchant's id, or `EVERY_MERCHANT`. */
  readonly merchantId: string;
  readonly currency: string;
}

const capRow = z.object({
  merchant_id: z.string(),
  currency: z.string(),
  max_amount_minor: amountColumn,
  set_at: z.string(),
  set_by: z.string(),
});
export type CapRow = z.infer<typeof capRow>;

/** Takes effect with the next payment. @returns the cap that it replaces */
export async function setCap(
  database: Database,
  cap: CapKey & { readonly maxAmountMinor: bigint },
  operator: Operator,
): Promise<bigint | undefined> {
  const [row] = await database.execute(SET_SQL, {
    merchant_id: cap.merchantId,
    currency: cap.currency,
    max_amount_minor: String(cap.maxAmountMinor),
    ...operator,
  });
  const { before } = z.object({ before: z.nullable(amountColumn) }).parse(row);
  return before ?? undefined;
}

/** @returns false when none was set there */
export async function clearCap(database: Database, cap: CapKey, operator: Operator): Promise<boolean> {
  const rows = await database.execute(CLEAR_SQL, {
    merchant_id: cap.merchantId,
    currency: cap.currency,
    ...operator,
  });
  return rows.length > 0;
}

export async function listCaps(database: Database): Promise<readonly CapRow[]> {
  return (await database.execute(LIST_SQL, {})).map((row) => capRow.parse(row));
}

const SET_SQL = `
with given as materialized (
  select :input::jsonb as p
),
before as materialized (
  select c.max_amount_minor
  from amount_cap c, given
  where c.merchant_id = p ->> 'merchant_id' and c.currency = p ->> 'currency'
),
changed as (
  insert into amount_cap as c (merchant_id, currency, max_amount_minor, set_at, set_by)
  select p ->> 'merchant_id', p ->> 'currency', (p ->> 'max_amount_minor')::bigint, clock(), p ->> 'actor' from given
  on conflict (merchant_id, currency) do update
  set max_amount_minor = excluded.max_amount_minor, set_at = excluded.set_at, set_by = excluded.set_by
  returning c.merchant_id, c.currency, c.max_amount_minor
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select 'cap:' || merchant_id || ':' || currency, 'cap_set', p ->> 'actor',
         max_amount_minor || ' minor units: ' || (p ->> 'reason'), p ->> 'origin', clock()
  from changed, given
)
select (select max_amount_minor from before)::text as before
from changed
`;

const CLEAR_SQL = `
with given as materialized (
  select :input::jsonb as p
),
cleared as (
  delete from amount_cap c
  using given
  where c.merchant_id = p ->> 'merchant_id' and c.currency = p ->> 'currency'
  returning c.merchant_id, c.currency
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select 'cap:' || merchant_id || ':' || currency, 'cap_cleared', p ->> 'actor', p ->> 'reason', p ->> 'origin', clock()
  from cleared, given
)
select currency from cleared
`;

const LIST_SQL = `
select merchant_id, currency, max_amount_minor::text as max_amount_minor,
       to_char(set_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as set_at, set_by
from amount_cap
order by merchant_id, currency
limit 5000
`;
