import { randomUUID } from 'node:crypto';
import type { Database } from '../../adapters/database/database.ts';
import {
  acceptPayment,
  type NewOrder,
  type NewPayment,
} from '../../adapters/database/statements/accept-payment.ts';
import { systemIds } from '../../adapters/ids.ts';
import type { InstructionKey } from '../../domain/payment/instruction.ts';
import type { Operation } from '../../domain/payment/psp-outcome.ts';

export const MERCHANT = 'mer_one';

export interface OrderOptions {
  readonly amountMinor?: bigint;
  readonly currency?: string;
  readonly sellerId?: string;
  readonly psp?: string;
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
    psp: options.psp ?? 'simulator',
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

/** Gives an order a further instruction, as the schema allows it and no API does yet; before its charge where `seq` < 0. */
export async function addInstruction(
  database: Database,
  order: NewOrder,
  seq: number,
  operation: Operation,
): Promise<InstructionKey> {
  const instructionId = systemIds.next('ins');
  await database.execute(
    `insert into instruction (instruction_id, payment_order_id, payment_id, merchant_id, seq, operation, not_before,
                              last_sent_at)
     select r.id, o.payment_order_id, o.payment_id, o.merchant_id, r.seq, r.operation, clock(), clock()
     from jsonb_to_record(:input::jsonb) as r(id text, order_id text, seq smallint, operation text)
     join payment_order o on o.payment_order_id = r.order_id`,
    { id: instructionId, order_id: order.paymentOrderId, seq, operation },
  );
  return { instructionId, paymentOrderId: order.paymentOrderId, operation };
}
