import * as z from 'zod/mini';
import type { Database } from '../database.ts';

/** The names of the migrations that this database has had. */
export async function appliedMigrations(database: Database): Promise<readonly string[]> {
  const rows = await database.execute('select name from schema_migration order by name', {});
  return rows.map((row) => z.object({ name: z.string() }).parse(row).name);
}

const timesRow = z.object({
  queue_milliseconds: z.nullable(z.int()),
  psp_milliseconds: z.nullable(z.int()),
  record_milliseconds: z.nullable(z.int()),
  ledger_milliseconds: z.nullable(z.int()),
  attempts: z.int(),
  entries: z.int(),
  is_balanced: z.boolean(),
});

/** How long each step of a payment's first order took. */
export type PaymentTimes = z.infer<typeof timesRow>;

export async function readPaymentTimes(
  database: Database,
  paymentId: string,
): Promise<PaymentTimes | undefined> {
  const [row] = await database.execute(TIMES_SQL, { payment_id: paymentId });
  return row === undefined ? undefined : timesRow.parse(row);
}

/** Waiting is by the database's clock; what a PSP took, by its caller's. */
const TIMES_SQL = `
select
  (extract(epoch from i.first_claimed_at - k.created_at) * 1000)::int as queue_milliseconds,
  (extract(epoch from e.took) * 1000)::int as psp_milliseconds,
  (extract(epoch from e.recorded_at - i.first_claimed_at - e.took) * 1000)::int as record_milliseconds,
  (extract(epoch from l.posted_at - i.first_claimed_at) * 1000)::int as ledger_milliseconds,
  i.attempt_no as attempts,
  coalesce(l.entries, 0)::int as entries,
  coalesce(l.debits = l.credits, false) as is_balanced
from payment_order o
join instruction i on i.payment_order_id = o.payment_order_id and i.operation = 'charge'
left join idempotency_key k on k.merchant_id = o.merchant_id and k.location = '/v1/payments/' || o.payment_id
left join lateral (
  select max(recorded_at) as recorded_at, sum(finished_at - started_at) as took
  from evidence where payment_order_id = o.payment_order_id
) e on true
left join lateral (
  select t.posted_at, count(*) as entries,
         sum(n.amount_minor) filter (where n.direction = 'debit') as debits,
         sum(n.amount_minor) filter (where n.direction = 'credit') as credits
  from movement m
  join ledger_transaction t on t.source_kind = 'movement' and t.source_id = m.movement_id
  join ledger_entry n using (ledger_transaction_id)
  where m.payment_order_id = o.payment_order_id and m.kind = 'charge'
  group by t.posted_at
) l on true
where o.payment_id = :input::jsonb ->> 'payment_id' and o.position = 0
`;
