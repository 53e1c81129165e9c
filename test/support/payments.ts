import { randomUUID } from 'node:crypto';
import type { Database } from '../../adapters/database/database.ts';
import {
  acceptPayment,
  type NewOrder,
  type NewPayment,
} from '../../adapters/database/statements/accept-payment.ts';
import { systemIds } from '../../adapters/ids.ts';
import type { InstructionKey } from '../../domain/payment/instruction.ts';

export const MERCHANT = 'mer_one';

export interface OrderOptions {
  readonly amountMinor?: bigint;
  readonly currency?: string;
  readonly sellerId?: string;
  readonly pspAccount?: string;
}

export function newOrder(options: OrderOptions = {}): NewOrder {
  const amountMinor = options.amountMinor ?? 15_000n;
  return {
    paymentOrderId: systemIds.next('ord'),
    instructionId: systemIds.next('ins'),
    amountMinor,
    currency: options.currency ?? 'KRW',
    splits: [{ sellerId: options.sellerId ?? 'seller_1', amountMinor }],
    isSplit: false,
    pspAccount: options.pspAccount ?? 'simulator',
  };
}

export function newPayment(orders: readonly NewOrder[], merchantId = MERCHANT): NewPayment {
  return {
    paymentId: systemIds.next('pay'),
    merchantId,
    merchantReference: randomUUID(),
    buyerId: 'buyer_1',
    paymentMethod: 'sim_ok',
    metadata: {},
    createdAt: new Date(),
    correlationId: randomUUID(),
    orders,
  };
}

/** Stores a payment as the API does, and returns it. */
export async function storePayment(database: Database, ...orders: readonly NewOrder[]): Promise<NewPayment> {
  const payment = newPayment(orders.length === 0 ? [newOrder()] : orders);
  await storeAgain(database, payment);
  return payment;
}

/** The same payment, with the same ids, in a database that may be another. */
export async function storeAgain(database: Database, payment: NewPayment): Promise<void> {
  const answer = { status: 202, location: '/', body: '{}' };
  const request = {
    scope: 'POST /v1/payments',
    key: payment.paymentId,
    fingerprint: 'fingerprint',
    answer,
  };
  await acceptPayment(database, payment, request, {});
}

/** Moves the database's clock; every lease and wait is computed by it. */
export async function moveClock(database: Database, seconds: number): Promise<void> {
  await database.execute(
    `create or replace function clock() returns timestamptz language sql volatile parallel safe
       as 'select clock_timestamp() + make_interval(secs => ${seconds})'`,
    {},
  );
}

/**
 * Gives an order's charge parents, as the schema allows it and no API does yet: the first has none, each other the one before
 * it, and the charge the last.
 */
export async function addParents(
  database: Database,
  order: NewOrder,
  count: number,
  isCaptured = false,
): Promise<readonly InstructionKey[]> {
  const ids = Array.from({ length: count }, () => systemIds.next('ins'));
  const parents = ids.map((instruction_id, index) => ({
    instruction_id,
    charge_id: order.instructionId,
    parent_id: ids[index - 1] ?? null,
    is_last: index === count - 1,
    is_captured: isCaptured,
  }));
  await database.execute(ADD_PARENTS_SQL, { parents });
  return ids.map((instructionId) => ({
    instructionId,
    groupId: order.paymentOrderId,
    operation: 'authorize',
  }));
}

/**
 * Authorizations, of the charge's amount unless told. `is_captured` makes a capture of the charge, with its reservation. Safe to
 * replay.
 */
export const ADD_PARENTS_SQL = `
with parent as materialized (
  select p.*
  from jsonb_to_recordset(:input::jsonb -> 'parents')
    as p(instruction_id text, charge_id text, parent_id text, is_last boolean, amount_minor text, is_captured boolean)
),
-- Before the inserts: an order has one instruction without a parent.
charge as (
  update instruction i
  set parent_id = parent.instruction_id, operation = case when is_captured then 'capture' else i.operation end
  from parent
  where i.instruction_id = parent.charge_id and parent.is_last and i.parent_id is null
  returning i.*
),
reserved as (
  update payment_order o
  set capture_pending = o.capture_pending + c.amount_minor
  from charge c
  where o.payment_order_id = c.payment_order_id and c.operation = 'capture'
)
insert into instruction (instruction_id, parent_id, operation, group_id, payment_order_id, payment_id, merchant_id, psp_account,
                         amount_minor, currency, splits, request, request_version, not_before, last_sent_at, correlation_id)
select p.instruction_id, p.parent_id, 'authorize', c.group_id, c.payment_order_id, c.payment_id, c.merchant_id, c.psp_account,
       coalesce(p.amount_minor::bigint, c.amount_minor), c.currency, c.splits, c.request, c.request_version, clock(), clock(), c.correlation_id
from parent p
join charge c on c.instruction_id = p.charge_id
on conflict (instruction_id) do nothing`;

/** The key of an order's charge. */
export function chargeOf({ instructionId, paymentOrderId }: ChargedOrder): InstructionKey {
  return { instructionId, groupId: paymentOrderId, operation: 'charge' };
}

export type ChargedOrder = Pick<NewOrder, 'instructionId' | 'paymentOrderId'>;
