import type { Database } from '../../adapters/database/database.ts';
import { readWhatFits } from '../../adapters/database/read-in-pages.ts';
import {
  type AttemptRow,
  type FoundPayments,
  listPayments,
  type MovementRow,
  type OrderRow,
  type PaymentRow,
  readPayment,
} from '../../adapters/database/statements/read-payments.ts';
import type {
  AttemptResource,
  MovementResource,
  PaymentOrderResource,
  PaymentResource,
} from '../resources/payment.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { parseMoment } from './moment.ts';
import { DEFAULT_LIMIT, type ListQuery } from './schema.ts';

/** Undefined when this merchant has no such payment. */
export async function showPayment(
  database: Database,
  merchantId: string,
  paymentId: string,
): Promise<PaymentResource | undefined> {
  const found = await readPayment(database, merchantId, paymentId);
  const [payment] = resourcesOf(found, true);
  return payment;
}

export interface PaymentPage {
  readonly data: readonly PaymentResource[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}

/** Newest first. A page of large payments may have fewer than requested; `has_more` tells whether there are more. */
export async function pageOfPayments(
  database: Database,
  merchantId: string,
  query: ListQuery,
): Promise<PaymentPage> {
  const filter = {
    status: query.status,
    createdFrom: momentOf(query.created_from),
    createdTo: momentOf(query.created_to),
    after: query.cursor === undefined ? undefined : decodeCursor(query.cursor),
  };
  const read = (limit: number) => listPayments(database, merchantId, { ...filter, limit: limit + 1 });
  // One payment always fits.
  const { found, limit } = await readWhatFits(
    read,
    query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit),
  );
  const data = resourcesOf(found, false).slice(0, limit);
  const last = data.at(-1);
  const hasMore = found.payments.length > limit;
  return {
    data,
    has_more: hasMore,
    next_cursor:
      hasMore && last !== undefined ? encodeCursor({ createdAt: last.created_at, paymentId: last.id }) : null,
  };
}

function momentOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : parseMoment(text);
}

function resourcesOf(found: FoundPayments, withHistory: boolean): readonly PaymentResource[] {
  const orders = Map.groupBy(found.orders, (order) => order.payment_id);
  const movements = Map.groupBy(found.movements, (movement) => movement.payment_order_id);
  const attempts = Map.groupBy(found.attempts, (attempt) => attempt.payment_order_id);
  const historyOf = ({ payment_order_id: id }: OrderRow): OrderHistory => ({
    movements: (movements.get(id) ?? []).map(movementResource),
    timeline: (attempts.get(id) ?? []).map(attemptResource),
  });
  return found.payments.map((payment) =>
    paymentResource(payment, orders.get(payment.payment_id) ?? [], withHistory ? historyOf : () => ({})),
  );
}

type OrderHistory = Pick<PaymentOrderResource, 'movements' | 'timeline'>;

function paymentResource(
  payment: PaymentRow,
  orders: readonly OrderRow[],
  historyOf: (order: OrderRow) => OrderHistory,
): PaymentResource {
  return {
    id: payment.payment_id,
    merchant_reference: payment.merchant_reference,
    buyer_id: payment.buyer_id,
    payment_method: payment.payment_method,
    metadata: payment.metadata,
    status: payment.status,
    created_at: payment.created_at,
    payment_orders: orders.map((order) => ({ ...orderResource(order), ...historyOf(order) })),
  };
}

function orderResource(order: OrderRow): PaymentOrderResource {
  const splits = order.splits.map((split) => ({
    seller_id: split.sellerId,
    amount: Number(split.amountMinor),
  }));
  return {
    id: order.payment_order_id,
    ...(order.is_split ? { splits } : { seller_id: splits[0]?.seller_id }),
    amount: Number(order.amount_minor),
    currency: order.currency,
    amount_captured: Number(order.amount_captured),
    amount_refunded: Number(order.amount_refunded),
    psp: order.psp_account,
    psp_reference: order.psp_reference,
    status: order.status,
    status_detail: order.status_detail,
    ...(order.next_action === null ? {} : { next_action: order.next_action }),
    ...(order.failure === null ? {} : { failure: order.failure }),
    updated_at: order.updated_at,
  };
}

function movementResource(movement: MovementRow): MovementResource {
  return {
    id: movement.movement_id,
    kind: movement.movement_kind,
    amount: Number(movement.amount_minor),
    currency: movement.currency,
    occurred_at: movement.occurred_at,
    available_at: movement.available_at,
  };
}

function attemptResource(attempt: AttemptRow): AttemptResource {
  const { attempt_no, action, outcome, detail, started_at, finished_at } = attempt;
  return { attempt_no, action, outcome, detail, started_at, finished_at };
}
