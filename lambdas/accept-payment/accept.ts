import type { Database } from '../../adapters/database/database.ts';
import {
  type AmountCaps,
  type CapExcess,
  type NewOrder,
  type NewPayment,
  type StoredAnswer,
  acceptPayment as storePayment,
} from '../../adapters/database/statements/accept-payment.ts';
import type { Activity } from '../../adapters/dynamodb/activity.ts';
import type { Ids } from '../../adapters/ids.ts';
import type { InstructionSender } from '../../adapters/sqs/instruction-queue.ts';
import { assert, unreachable } from '../../domain/assert.ts';
import { formatAmount } from '../../domain/money/currency.ts';
import { parsePaymentMethod } from '../../domain/payment/payment-method.ts';
import type { PspAbilities } from '../../domain/payment/psp-abilities.ts';
import { fingerprintOf } from '../middleware/idempotency.ts';
import { Problem } from '../middleware/problem.ts';
import type { PaymentOrderResource, PaymentResource } from '../resources/payment.ts';
import { problemOfAccount } from './psp-limits.ts';
import type { PaymentRequest } from './schema.ts';

export interface AcceptEffects {
  readonly database: Database;
  readonly queue: InstructionSender;
  readonly activity: Activity;
  readonly ids: Ids;
  /** The stage's caps, unless an operator has set others. */
  readonly amountCaps: AmountCaps;
  /** Of each account of the stage. */
  readonly abilities: ReadonlyMap<string, PspAbilities>;
  now(): number;
  /** A send after the commit failed. The relay sends the message within a minute. */
  sendFailed(paymentId: string, detail: unknown): void;
}

/** The caller, and the names of the request. */
export interface RequestOrigin {
  readonly merchantId: string;
  /** Unique per merchant, method and path. */
  readonly idempotencyKey: string;
  /** The API's id of the request; every later step of the payment carries it. */
  readonly correlationId: string;
  /** The API's public URL, including its version. */
  readonly apiUrl: string;
}

export interface Accepted {
  readonly answer: StoredAnswer;
  readonly isReplay: boolean;
  readonly payment: NewPayment;
}

/**
 * Stores a payment with its idempotency key in one statement, then sends its instructions.
 *
 * @throws Problem 422 when the key was used with another body, the amount is over a cap or the PSP account doesn't take it, 409
 *   when the merchant reference is used
 */
export async function acceptPayment(
  request: PaymentRequest,
  origin: RequestOrigin,
  effects: AcceptEffects,
): Promise<Accepted> {
  const payment = newPayment(request, origin, effects);
  const answer = answerTo(payment);
  const fingerprint = fingerprintOf(request);
  const refusal = problemOfAccount(request, effects.abilities);
  await effects.activity.touch();
  const acceptance = await storePayment(
    effects.database,
    payment,
    {
      scope: 'POST /v1/payments',
      key: origin.idempotencyKey,
      fingerprint,
      answer,
      isRefused: refusal !== undefined,
    },
    effects.amountCaps,
  );
  switch (acceptance.kind) {
    case 'created':
      await send(payment, effects);
      return { answer, isReplay: false, payment };
    case 'replayed':
      if (acceptance.fingerprint !== fingerprint) throw keyReused();
      return { answer: acceptance.answer, isReplay: true, payment };
    case 'duplicate_merchant_reference':
      throw duplicateReference(request.merchant_reference);
    case 'over_cap':
      throw overCap(acceptance.excess);
    case 'refused':
      throw refusal;
    default:
      return unreachable(acceptance);
  }
}

function newPayment(request: PaymentRequest, origin: RequestOrigin, effects: AcceptEffects): NewPayment {
  const method = parsePaymentMethod(request.payment_method);
  assert(method !== undefined, 'the schema refuses unknown payment methods');
  return {
    paymentId: effects.ids.next('pay'),
    merchantId: origin.merchantId,
    merchantReference: request.merchant_reference,
    buyerId: request.buyer_id,
    paymentMethod: request.payment_method,
    returnUrl: request.return_url,
    returnsAt: `${origin.apiUrl}/returns`,
    metadata: request.metadata ?? {},
    createdAt: new Date(effects.now()),
    correlationId: origin.correlationId,
    orders: request.payment_orders.map((order) => newOrder(order, method.psp, effects)),
  };
}

function newOrder(
  order: PaymentRequest['payment_orders'][number],
  pspAccount: string,
  effects: AcceptEffects,
): NewOrder {
  const parts = order.splits ?? [{ seller_id: order.seller_id ?? '', amount: order.amount }];
  return {
    paymentOrderId: effects.ids.next('ord'),
    instructionId: effects.ids.next('ins'),
    amountMinor: BigInt(order.amount),
    currency: order.currency,
    splits: parts.map((part) => ({ sellerId: part.seller_id, amountMinor: BigInt(part.amount) })),
    isSplit: order.splits !== undefined,
    pspAccount,
    sendWithinSeconds: effects.abilities.get(pspAccount)?.operations.charge?.sendWithinSeconds,
  };
}

function answerTo(payment: NewPayment): StoredAnswer {
  const resource: PaymentResource = {
    id: payment.paymentId,
    merchant_reference: payment.merchantReference,
    buyer_id: payment.buyerId,
    payment_method: payment.paymentMethod,
    metadata: payment.metadata,
    status: 'NOT_STARTED',
    created_at: payment.createdAt.toISOString(),
    payment_orders: payment.orders.map((order) => orderResource(order, payment.createdAt)),
  };
  return { status: 202, location: `/v1/payments/${payment.paymentId}`, body: JSON.stringify(resource) };
}

function orderResource(order: NewOrder, createdAt: Date): PaymentOrderResource {
  const parts = order.splits.map((split) => ({
    seller_id: split.sellerId,
    amount: Number(split.amountMinor),
  }));
  return {
    id: order.paymentOrderId,
    ...(order.isSplit ? { splits: parts } : { seller_id: parts[0]?.seller_id }),
    amount: Number(order.amountMinor),
    currency: order.currency,
    amount_captured: 0,
    amount_refunded: 0,
    psp: order.pspAccount,
    psp_reference: null,
    status: 'NOT_STARTED',
    status_detail: 'queued',
    updated_at: createdAt.toISOString(),
  };
}

async function send(payment: NewPayment, effects: AcceptEffects): Promise<void> {
  const messages = payment.orders.map((order) => ({
    instructionId: order.instructionId,
    groupId: order.paymentOrderId,
    operation: 'charge' as const,
    sendNumber: 0,
    correlationId: payment.correlationId,
  }));
  try {
    const refused = await effects.queue.send(messages);
    if (refused.length > 0) effects.sendFailed(payment.paymentId, { refused });
  } catch (error) {
    effects.sendFailed(payment.paymentId, { error });
  }
}

function keyReused(): Problem {
  return new Problem(
    'idempotency_key_reused',
    'This Idempotency-Key belongs to a request with another body. Use a new key for a new payment.',
    [{ pointer: 'Idempotency-Key', detail: 'used before with another body' }],
  );
}

function overCap({ currency, askedMinor, capMinor }: CapExcess): Problem {
  const asked = formatAmount(askedMinor, currency);
  const cap = formatAmount(capMinor, currency);
  return new Problem(
    'amount_cap_exceeded',
    `This payment has a total of ${asked}; the cap is ${cap}. Check the amount's unit, or have the cap raised.`,
    [{ pointer: '/payment_orders', detail: `sum to ${asked}; the cap is ${cap}` }],
  );
}

function duplicateReference(reference: string): Problem {
  return new Problem(
    'duplicate_merchant_reference',
    `A payment with merchant_reference ${JSON.stringify(reference)} exists. Use another reference, or read that payment.`,
    [{ pointer: '/merchant_reference', detail: 'used by an earlier payment' }],
  );
}
