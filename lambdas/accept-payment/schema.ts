import * as z from 'zod/mini';
import { isCurrency, MAX_AMOUNT_MINOR } from '../../domain/money/currency.ts';
import { knownPaymentMethods, parsePaymentMethod } from '../../domain/payment/payment-method.ts';

/** Ids and references that a merchant chooses; also what a path can hold. */
export const merchantText = (description: string) =>
  z.string().check(
    z.minLength(1),
    z.maxLength(128),
    z.refine((text) => text.trim() === text, { error: 'begins or ends with white space; trim it' }),
    z.describe(description),
  );

const amount = z
  .int()
  .check(
    z.minimum(1),
    z.maximum(Number(MAX_AMOUNT_MINOR)),
    z.describe('An integer in minor units: 15000 is 15,000 KRW or 150.00 USD.'),
  );

const split = z.strictObject({
  seller_id: merchantText('Who is owed this part.'),
  amount,
});

const paymentOrder = z
  .strictObject({
    amount,
    currency: z.string().check(
      z.refine(isCurrency, {
        error: 'is not a currency code of ISO 4217; write for example "KRW" or "USD"',
      }),
      z.describe('Three letters, ISO 4217.'),
    ),
    seller_id: z.optional(merchantText('Who is owed the whole amount.')),
    splits: z.optional(
      z
        .array(split)
        .check(z.minLength(1), z.maxLength(50), z.describe('Who is owed which part; sums to the amount.')),
    ),
  })
  .check(
    z.refine((order) => (order.seller_id === undefined) !== (order.splits === undefined), {
      error: 'takes either seller_id or splits; send exactly one of them',
    }),
    z.refine(
      (order) =>
        order.splits === undefined || sumOf(order.splits.map((part) => part.amount)) === BigInt(order.amount),
      { path: ['splits'], error: 'do not sum to the amount of the order' },
    ),
    z.meta({ oneOf: [{ required: ['seller_id'] }, { required: ['splits'] }] }),
  );

/** The body of `POST /v1/payments`. Unknown fields are refused: no state, fee or id is the client's to set. */
export const paymentRequestSchema = z
  .strictObject({
    merchant_reference: merchantText('Your own id of this payment; unique for ever.'),
    buyer_id: merchantText('Your own id of the buyer.'),
    payment_method: z.string().check(
      z.minLength(1),
      z.maxLength(255),
      z.refine((token) => parsePaymentMethod(token) !== undefined, {
        error: `is not a known token; known are ${knownPaymentMethods().join(', ')}`,
      }),
      z.describe('A token of the buyer’s payment method; never card data.'),
    ),
    metadata: z.optional(
      z.record(z.string().check(z.minLength(1), z.maxLength(40)), z.string().check(z.maxLength(500))).check(
        z.refine((pairs) => Object.keys(pairs).length <= 20, { error: 'has more than 20 pairs' }),
        z.meta({ description: 'Up to 20 pairs of strings, given back as they are.', maxProperties: 20 }),
      ),
    ),
    payment_orders: z
      .array(paymentOrder)
      .check(z.minLength(1), z.maxLength(10), z.describe('Each is one charge of the buyer.')),
  })
  .check(
    z.refine((payment) => sumOf(payment.payment_orders.map((order) => order.amount)) <= MAX_AMOUNT_MINOR, {
      path: ['payment_orders'],
      error: `sum to more than ${MAX_AMOUNT_MINOR}`,
    }),
  );

export type PaymentRequest = z.infer<typeof paymentRequestSchema>;

function sumOf(amounts: readonly number[]): bigint {
  return amounts.reduce((sum, part) => sum + BigInt(part), 0n);
}
