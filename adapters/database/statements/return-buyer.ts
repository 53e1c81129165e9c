import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import { MESSAGE, NO_MESSAGE, type WokenInstruction, wokenRow } from './wake-instructions.ts';

const row = z.discriminatedUnion('kind', [
  z.extend(wokenRow, { kind: z.literal('message') }),
  z.object({
    kind: z.literal('order'),
    returning_payment_id: z.string(),
    return_url: z.nullable(z.string()),
  }),
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
  return { paymentId: order.returning_payment_id, returnUrl: order.return_url, woken };
}

export const RETURN_SQL = `
with returned as materialized (
  select r.* from order_return_v1(:input::jsonb ->> 'payment_order_id') r
),
woken as materialized (
  select w.* from returned cross join lateral wake_v1(returned.open_instruction_ids) w
)
select 'order' as kind, payment_id as returning_payment_id, return_url, ${NO_MESSAGE}
from returned
union all
select 'message', null, null, ${MESSAGE}
from woken
`;
