import * as z from 'zod/mini';
import { amountColumn } from '../columns.ts';
import type { Database } from '../database.ts';

const orderRow = z.object({
  payment_order_id: z.string(),
  status: z.string(),
  amount_minor: amountColumn,
  currency: z.string(),
  psp_reference: z.nullable(z.string()),
});

/** An order as it is booked, to be compared with the PSP's charge. */
export type BookedOrder = z.infer<typeof orderRow>;

/** Orders by id, as far as they exist. */
export async function readBookedOrders(
  database: Database,
  orderIds: readonly string[],
): Promise<ReadonlyMap<string, BookedOrder>> {
  const rows = await database.execute(ORDERS_SQL, { ids: orderIds });
  return new Map(
    rows.map((row) => {
      const order = orderRow.parse(row);
      return [order.payment_order_id, order];
    }),
  );
}

const ORDERS_SQL = `
select o.payment_order_id, o.status, o.amount_minor::text as amount_minor, o.currency, o.psp_reference
from payment_order o
where o.payment_order_id in (select jsonb_array_elements_text(:input::jsonb -> 'ids'))
`;

/** How many orders of a PSP have succeeded, to be compared with its own count. */
export async function countSucceeded(database: Database, psp: string): Promise<number> {
  const [row] = await database.execute(COUNT_SQL, { psp });
  return z.object({ count: z.int() }).parse(row).count;
}

const COUNT_SQL = `
select count(*)::int as count from payment_order where status = 'SUCCESS' and psp_account = :input::jsonb ->> 'psp'
`;

const closingRow = z.object({
  payment_order_id: z.string(),
  psp: z.string(),
  status: z.enum(['SUCCESS', 'FAILED']),
  actor: z.string(),
  reason: z.string(),
});

/** An order that an operator closed, which no PSP has confirmed. */
export type Closing = z.infer<typeof closingRow>;

/** Newest first, as far back as the operation log goes. */
export async function listClosings(database: Database, limit: number): Promise<readonly Closing[]> {
  const rows = await database.execute(CLOSINGS_SQL, { limit });
  return rows.map((row) => closingRow.parse(row));
}

const CLOSINGS_SQL = `
with newest as materialized (
  select subject_id as instruction_id, max(operation_log_id) as operation_log_id
  from operation_log
  where action = 'closed' and subject_id not like 'sha256:%'
  group by subject_id
  order by max(operation_log_id) desc
  limit (select (:input::jsonb ->> 'limit')::int)
)
select o.payment_order_id, o.psp_account as psp, o.status, left(l.actor, 40) as actor, left(l.reason, 80) as reason
from newest n
join operation_log l on l.operation_log_id = n.operation_log_id
join instruction i on i.instruction_id = n.instruction_id
join payment_order o on o.payment_order_id = i.payment_order_id
where i.state in ('succeeded', 'cancelled') and o.status in ('SUCCESS', 'FAILED')
order by n.operation_log_id desc
`;
