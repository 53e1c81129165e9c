import * as z from 'zod/mini';
import { operationSchema } from '../columns.ts';
import type { Database } from '../database.ts';
import type { WokenInstruction } from './receive-event.ts';

const row = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('message'),
    instruction_id: z.string(),
    group_id: z.string(),
    operation: operationSchema,
    send_no: z.int(),
    correlation_id: z.nullable(z.string()),
  }),
  z.object({ kind: z.literal('order'), payment_id: z.string(), return_url: z.nullable(z.string()) }),
]);

export interface ReturnedBuyer {
  readonly paymentId: string;
  /** The merchant's, as it was given with the payment; null if there was none. */
  readonly returnUrl: string | null;
  /** The instructions whose message is to be sent. */
  readonly woken: readonly WokenInstruction[];
}

/** Wakes the instruction of an order whose buyer came back from the PSP. @returns undefined if there is no such order */
export async function returnBuyer(
  database: Database,
  paymentOrderId: string,
): Promise<ReturnedBuyer | undefined> {
  const rows = await database.execute(RETURN_SQL, { payment_order_id: paymentOrderId });
  const parsed = rows.map((found) => row.parse(found));
  const order = parsed.find((found) => found.kind === 'order');
  if (order === undefined) return undefined;
  const woken = parsed.filter((found) => found.kind === 'message');
  return { paymentId: order.payment_id, returnUrl: order.return_url, woken };
}

export const RETURN_SQL = `
with moment as materialized (
  select clock() as now
),
returned as materialized (
  select r.* from order_return_v1(:input::jsonb ->> 'payment_order_id') r
),
woken as materialized (
  select w.*
  from moment
  cross join returned
  cross join lateral wake_and_take_v1(returned.open_instruction_ids, moment.now) w
)
select 'order' as kind, payment_id, return_url, null::text as instruction_id, null::text as group_id,
       null::text as operation, null::int as send_no, null::text as correlation_id
from returned
union all
select 'message', null, null, instruction_id, group_id, operation, send_no, correlation_id
from woken
`;
