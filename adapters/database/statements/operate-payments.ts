import * as z from 'zod/mini';
import { PAYMENT_STATUSES, type PaymentStatus } from '../../../domain/payment/status.ts';
import type { Database } from '../database.ts';
import { readInPages } from '../read-in-pages.ts';

/** For operators: payments of all merchants. */
export interface PaymentQuery {
  readonly merchant?: string | undefined;
  readonly status?: PaymentStatus | undefined;
  readonly limit: number;
}

const summaryRow = z.object({
  payment_id: z.string(),
  merchant_id: z.string(),
  merchant_reference: z.string(),
  status: z.string(),
  orders_total: z.int(),
  created_at: z.string(),
});
export type PaymentSummary = z.infer<typeof summaryRow>;

const ownerRow = z.object({ payment_id: z.string(), merchant_id: z.string() });

/** Newest first. */
export async function summarizePayments(
  database: Database,
  query: PaymentQuery,
): Promise<readonly PaymentSummary[]> {
  const { merchant, status, limit } = query;
  const statuses = status === undefined ? PAYMENT_STATUSES : [status];
  const sql = merchant === undefined ? LIST_OF_ALL_SQL : LIST_OF_MERCHANT_SQL;
  const rows = await readInPages(database, { sql, input: { merchant, statuses }, limit });
  return rows.map((row) => summaryRow.parse(row));
}

/** Whose payment it is; by its own id or by one of its orders'. */
export async function findPayment(
  database: Database,
  id: string,
): Promise<z.infer<typeof ownerRow> | undefined> {
  const [row] = await database.execute(FIND_SQL, { id });
  return row === undefined ? undefined : ownerRow.parse(row);
}

export async function findMerchants(database: Database): Promise<readonly string[]> {
  const rows = await database.execute('select merchant_id from merchant order by merchant_id', {});
  return rows.map((row) => z.object({ merchant_id: z.string() }).parse(row).merchant_id);
}

/** As the API's page: a page of each status by an index that begins with it, then the newest of them. */
const listSql = (condition: string, indexOrder: string, newestFirst: string) => `
select jsonb_build_object('at', t.created_at, 'id', t.payment_id)::text as position,
       t.payment_id, t.merchant_id, t.merchant_reference, t.status, t.orders_total::int as orders_total,
       to_char(t.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at
from jsonb_array_elements_text(:input::jsonb -> 'statuses') as wanted(status)
cross join lateral (
  select t.*
  from payment t
  where ${condition}
  order by ${indexOrder}
  limit (:input::jsonb ->> 'limit')::int
) t
order by ${newestFirst}
limit (:input::jsonb ->> 'limit')::int
`;

/** After every id of ours. */
const LAST = '~';

/** Ids begin with their time. The status is equal, said so that only its index has the order: the key's would do for one value. */
export const LIST_OF_ALL_SQL = listSql(
  `t.status >= wanted.status
    and (t.status, t.payment_id) < (wanted.status, coalesce(:input::jsonb -> 'after' ->> 'id', '${LAST}'))`,
  't.status desc, t.payment_id desc',
  't.payment_id desc',
);
export const LIST_OF_MERCHANT_SQL = listSql(
  `t.merchant_id = :input::jsonb ->> 'merchant' and t.status = wanted.status
    and (t.created_at, t.payment_id)
        < (coalesce((:input::jsonb -> 'after' ->> 'at')::timestamptz, 'infinity'), coalesce(:input::jsonb -> 'after' ->> 'id', ''))`,
  't.created_at desc, t.payment_id desc',
  't.created_at desc, t.payment_id desc',
);

const FIND_SQL = `
select payment_id, merchant_id from payment where payment_id = :input::jsonb ->> 'id'
union all
select payment_id, merchant_id from payment_order where payment_order_id = :input::jsonb ->> 'id'
limit 1
`;
