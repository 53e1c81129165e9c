import * as z from 'zod/mini';
import { MOVEMENT_KINDS } from '../../../domain/ledger/movement.ts';
import { amountColumn } from '../columns.ts';
import type { Database } from '../database.ts';
import { type ListQuery, readInPages } from '../read-in-pages.ts';
import { DISCREPANCY_REASONS } from './attach-movements.ts';

export interface MovementFilter {
  /** Of this payment order. */
  readonly order?: string | undefined;
  /** The last one of the page before. */
  readonly before?: string | undefined;
  readonly limit: number;
}

const movedShape = {
  psp_account: z.string(),
  kind: z.enum(MOVEMENT_KINDS),
  amount_minor: amountColumn,
  currency: z.string(),
  occurred_at: z.string(),
  available_at: z.nullable(z.string()),
  instruction_id: z.nullable(z.string()),
  payment_order_id: z.nullable(z.string()),
  psp_entry_id: z.nullable(z.string()),
};
const movementRow = z.object({ movement_id: z.string(), ...movedShape });
export type MovementRow = z.infer<typeof movementRow>;

const discrepancyRow = z.object({
  discrepancy_id: z.string(),
  reason: z.enum(DISCREPANCY_REASONS),
  ...movedShape,
  psp_reference: z.nullable(z.string()),
  reference: z.nullable(z.string()),
  movement_id: z.nullable(z.string()),
  noted_at: z.string(),
});
export type DiscrepancyRow = z.infer<typeof discrepancyRow>;

/** What is booked, newest first. */
export async function listMovements(
  database: Database,
  filter: MovementFilter,
): Promise<readonly MovementRow[]> {
  const sql = filter.order === undefined ? MOVEMENTS_SQL : MOVEMENTS_OF_ORDER_SQL;
  return (await readInPages(database, pagesOf(sql, filter))).map((row) => movementRow.parse(row));
}

/** What a PSP lists and we have not booked so, or the other way round; without what is resolved. Newest first. */
export async function listDiscrepancies(
  database: Database,
  filter: MovementFilter,
): Promise<readonly DiscrepancyRow[]> {
  const sql = filter.order === undefined ? DISCREPANCIES_SQL : DISCREPANCIES_OF_ORDER_SQL;
  return (await readInPages(database, pagesOf(sql, filter))).map((row) => discrepancyRow.parse(row));
}

function pagesOf(sql: string, { order, before: id = LAST, limit }: MovementFilter): ListQuery {
  return { sql, input: { order, reasons: DISCREPANCY_REASONS }, limit, after: { id } };
}

/** After every id of ours. */
const LAST = '~';

const timestamp = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
const MOVED = `psp_account, kind, amount_minor::text as amount_minor, currency, ${timestamp('occurred_at')} as occurred_at,
       ${timestamp('available_at')} as available_at, instruction_id, payment_order_id, psp_entry_id`;

const AFTER = `:input::jsonb -> 'after' ->> 'id'`;
const ORDER = `:input::jsonb ->> 'order'`;
const LIMIT = `limit (:input::jsonb ->> 'limit')::int`;

const movementsSql = (condition: string, order = '') => `
select jsonb_build_object('id', movement_id)::text as position, movement_id, ${MOVED}
from movement
where movement_id < ${AFTER} ${condition}
order by ${order} movement_id desc
${LIMIT}
`;
const MOVEMENTS_SQL = movementsSql('');
/** Equal, said so that only the index of orders has the order; an order's movements are few. */
const MOVEMENTS_OF_ORDER_SQL = movementsSql(
  `and payment_order_id >= ${ORDER} and payment_order_id <= ${ORDER}`,
  'payment_order_id,',
);

const discrepanciesSql = (open: string) => `
select jsonb_build_object('id', discrepancy_id)::text as position, discrepancy_id, reason, ${MOVED}, psp_reference, reference,
       movement_id, ${timestamp('noted_at')} as noted_at
from ${open}
order by discrepancy_id desc
${LIMIT}
`;
/** The columns are those that an index begins with, before the id: compared so, only that index has the order. */
const openSql = (columns: readonly string[], values: string) => `
  select *
  from movement_discrepancy
  where resolved_at is null and (${columns.join(', ')}) >= (${values})
    and (${columns.join(', ')}, discrepancy_id) < (${values}, ${AFTER})
  order by ${[...columns, 'discrepancy_id'].map((column) => `${column} desc`).join(', ')}
  ${LIMIT}
`;
/** A page of each account and reason by the index that begins with them, then the newest of them. */
const DISCREPANCIES_SQL = discrepanciesSql(`(
    with recursive walk as (
      select min(psp_account) as psp_account from movement_discrepancy where resolved_at is null
      union all
      select (select min(d.psp_account) from movement_discrepancy d where d.resolved_at is null and d.psp_account > walk.psp_account)
      from walk
      where walk.psp_account is not null
    )
    select psp_account as account from walk where psp_account is not null
  ) of
  cross join jsonb_array_elements_text(:input::jsonb -> 'reasons') as known(reason_of)
  cross join lateral (${openSql(['psp_account', 'reason'], 'of.account, known.reason_of')}) open`);
/** A page of those that we found to be of the order and one of those whose entry names it, each by its index; many are both. */
const DISCREPANCIES_OF_ORDER_SQL = discrepanciesSql(
  `((${openSql(['payment_order_id'], ORDER)}) union (${openSql(['reference'], ORDER)})) open`,
);
