import * as z from 'zod/mini';
import { MOVEMENT_KINDS } from '../../../domain/ledger/movement.ts';
import { PAYMENT_STATUSES, type PaymentStatus } from '../../../domain/payment/status.ts';
import { jsonColumn, splitsSchema } from '../columns.ts';
import type { Database } from '../database.ts';
import { merchantStatement } from '../merchant-statement.ts';
import { ATTEMPT_ROWS, COLUMNS, MOVEMENT_ROWS, PAYMENT_AND_ORDER_ROWS } from './payment-rows-sql.ts';

const paymentRow = z.object({
  kind: z.literal('payment'),
  payment_id: z.string(),
  merchant_reference: z.string(),
  buyer_id: z.string(),
  payment_method: z.string(),
  metadata: jsonColumn(z.record(z.string(), z.string())),
  status: z.enum(PAYMENT_STATUSES),
  created_at: z.string(),
});

const orderRow = z.object({
  kind: z.literal('order'),
  payment_id: z.string(),
  payment_order_id: z.string(),
  amount_minor: z.string(),
  currency: z.string(),
  amount_captured: z.string(),
  amount_refunded: z.string(),
  splits: splitsSchema,
  is_split: z.boolean(),
  psp_account: z.string(),
  psp_reference: z.nullable(z.string()),
  status: z.enum(['NOT_STARTED', 'EXECUTING', 'SUCCESS', 'FAILED']),
  status_detail: z.nullable(
    z.enum([
      'queued',
      'psp_requested',
      'awaiting_buyer',
      'awaiting_psp',
      'authorized',
      'outcome_unknown',
      'manual_review',
    ]),
  ),
  next_action: z.nullable(
    jsonColumn(
      z.object({ type: z.literal('redirect'), url: z.string(), expires_at: z.nullable(z.string()) }),
    ),
  ),
  failure: z.nullable(jsonColumn(z.object({ category: z.string(), code: z.string(), psp_code: z.string() }))),
  updated_at: z.string(),
});

const movementRow = z.object({
  kind: z.literal('movement'),
  payment_order_id: z.string(),
  movement_id: z.string(),
  movement_kind: z.enum(MOVEMENT_KINDS),
  amount_minor: z.string(),
  currency: z.string(),
  occurred_at: z.string(),
  available_at: z.nullable(z.string()),
});

const attemptRow = z.object({
  kind: z.literal('attempt'),
  payment_order_id: z.string(),
  attempt_no: z.int(),
  action: z.enum(['look_up', 'send', 'invalidate', 'close', 'skip']),
  outcome: z.string(),
  detail: jsonColumn(z.record(z.string(), z.unknown())),
  started_at: z.string(),
  finished_at: z.string(),
});

const row = z.discriminatedUnion('kind', [paymentRow, orderRow, movementRow, attemptRow]);

export type PaymentRow = z.infer<typeof paymentRow>;
export type OrderRow = z.infer<typeof orderRow>;
export type MovementRow = z.infer<typeof movementRow>;
export type AttemptRow = z.infer<typeof attemptRow>;

/** Payments, newest first, each with its orders by position; movements and attempts only when one payment is read. */
export interface FoundPayments {
  readonly payments: readonly PaymentRow[];
  readonly orders: readonly OrderRow[];
  readonly movements: readonly MovementRow[];
  readonly attempts: readonly AttemptRow[];
}

export interface PaymentFilter {
  readonly status: PaymentStatus | undefined;
  readonly createdFrom: Date | undefined;
  /** Exclusive. */
  readonly createdTo: Date | undefined;
  /** The last payment of the page before. */
  readonly after: { readonly createdAt: string; readonly paymentId: string } | undefined;
  readonly limit: number;
}

/** Another merchant's payment is not found, exactly as one that never was. */
export async function readPayment(
  database: Database,
  merchantId: string,
  paymentId: string,
): Promise<FoundPayments> {
  return inKinds(await database.execute(ONE.sql, { merchant_id: merchantId, payment_id: paymentId }));
}

export async function listPayments(
  database: Database,
  merchantId: string,
  filter: PaymentFilter,
): Promise<FoundPayments> {
  const before = beginningOf(filter) ?? { createdAt: 'infinity', paymentId: '' };
  const input = {
    merchant_id: merchantId,
    statuses: filter.status === undefined ? PAYMENT_STATUSES : [filter.status],
    created_from: filter.createdFrom?.toISOString() ?? '-infinity',
    before_created_at: before.createdAt,
    before_payment_id: before.paymentId,
    limit: filter.limit,
  };
  return inKinds(await database.execute(LIST.sql, input));
}

/** The page begins right before this: the cursor or `createdTo`, whichever is earlier. One bound, since an index scan begins at one. */
function beginningOf({ createdTo, after }: PaymentFilter): PaymentFilter['after'] {
  // Before every payment of its moment, as `createdTo` is exclusive.
  const end = createdTo && { createdAt: createdTo.toISOString(), paymentId: '' };
  if (after === undefined || end === undefined) return after ?? end;
  return Date.parse(after.createdAt) < Date.parse(end.createdAt) ? after : end;
}

function inKinds(rows: readonly Readonly<Record<string, unknown>>[]): FoundPayments {
  const parsed = rows.map((raw) => row.parse(raw));
  return {
    payments: parsed.filter((each) => each.kind === 'payment'),
    orders: parsed.filter((each) => each.kind === 'order'),
    movements: parsed.filter((each) => each.kind === 'movement'),
    attempts: parsed.filter((each) => each.kind === 'attempt'),
  };
}

const NEWEST_FIRST = 'order by sort_at desc, sort_id desc, sort_kind, sort_no';

export const ONE = merchantStatement(
  'read_payment',
  COLUMNS,
  `
with page as materialized (
  select t.*
  from payment t
  where t.payment_id = :input::jsonb ->> 'payment_id' and t.merchant_id = :input::jsonb ->> 'merchant_id'
)
${PAYMENT_AND_ORDER_ROWS}
union all
${MOVEMENT_ROWS}
union all
${ATTEMPT_ROWS}
${NEWEST_FIRST}`,
);

/** 100 payments, and one more that tells whether there are more. */
const MAX_PAGE = 101;

/**
 * A page by one index, `payment_newest_first`, whatever is asked for and wherever in the history it lies: at most a page of each
 * status is read, beginning right where the page begins. No status filter is all statuses. What the index is compared with is
 * taken from the input and not joined, which would lose the index's order, and holds no `coalesce`, which row-level security takes
 * for a leak: such a condition would only filter what the index finds.
 */
export const LIST = merchantStatement(
  'list_payments',
  COLUMNS,
  `
with found as materialized (
  select t.*
  from jsonb_array_elements_text(:input::jsonb -> 'statuses') as wanted(status)
  cross join lateral (
    select t.*
    from payment t
    where t.merchant_id = :input::jsonb ->> 'merchant_id'
      and t.status = wanted.status
      and t.created_at >= (:input::jsonb ->> 'created_from')::timestamptz
      and (t.created_at, t.payment_id)
          < ((:input::jsonb ->> 'before_created_at')::timestamptz, :input::jsonb ->> 'before_payment_id')
    order by t.created_at desc, t.payment_id desc
    limit (:input::jsonb ->> 'limit')::int
  ) t
  order by t.created_at desc, t.payment_id desc
  limit (:input::jsonb ->> 'limit')::int
),
page as materialized (
  -- Limits nothing, but tells the planner, who keeps one plan for every limit, how small a page is.
  select * from found limit ${MAX_PAGE}
)
${PAYMENT_AND_ORDER_ROWS}
${NEWEST_FIRST}`,
);
