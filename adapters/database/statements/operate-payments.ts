import * as z from 'zod/mini';
import type { PaymentStatus } from '../../../domain/payment/status.ts';
import type { Database } from '../database.ts';

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
  return (await database.execute(LIST_SQL, { merchant, status, limit })).map((row) => summaryRow.parse(row));
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

const LIST_SQL = `
select t.payment_id, t.merchant_id, t.merchant_reference, t.status, t.orders_total::int as orders_total,
       to_char(t.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at
from payment t, (select :input::jsonb as p) given
where (p ->> 'merchant' is null or t.merchant_id = p ->> 'merchant')
  and (p ->> 'status' is null or t.status = p ->> 'status')
order by t.created_at desc, t.payment_id desc
limit (select (:input::jsonb ->> 'limit')::int)
`;

const FIND_SQL = `
select payment_id, merchant_id from payment where payment_id = :input::jsonb ->> 'id'
union all
select payment_id, merchant_id from payment_order where payment_order_id = :input::jsonb ->> 'id'
limit 1
`;
