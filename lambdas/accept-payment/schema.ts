import * as z from 'zod/mini';
import { isCurrency, MAX_AMOUNT_MINOR } from '../../domain/money/currency.ts';
import { asksForCardData } from '../../domain/payment/card-data.ts';
import {
  describedPaymentMethods,
  knownPaymentMethods,
  parsePaymentMethod,
} from '../../domain/payment/payment-method.ts';
import { problemOfReturnUrl, RETURN_URL_LIMIT } from '../../domain/payment/return-url.ts';
import {
  FREE_TEXT_PATTERN,
  ID_LIMIT,
  ID_PATTERN,
  PATH_ID_LIMIT_BYTES,
  PATH_ID_PATTERN,
  problemOfCardData,
  problemOfFreeText,
  problemOfId,
  problemOfPathId,
} from '../middleware/text.ts';

/** Text checked by a rule of text.ts. The description states what JSON Schema can't express. */
const textBy = (rule: (text: string) => string | undefined, meta: Readonly<Record<string, unknown>>) =>
  z.string().check(
    z.refine((text) => rule(text) === undefined, { error: ({ input }) => rule(String(input)) }),
    z.meta(meta),
  );

/** Ids and references that a merchant chooses. */
const merchantId = (description: string) =>
  textBy(problemOfId(ID_LIMIT), {
    minLength: 1,
    maxLength: ID_LIMIT,
    pattern: ID_PATTERN,
    description,
  });

/** Also a part of the wallet's path. */
export const sellerId = (description: string) =>
  textBy(problemOfPathId, {
    minLength: 1,
    maxLength: ID_LIMIT,
    pattern: PATH_ID_PATTERN,
    description: `${description} At most ${PATH_ID_LIMIT_BYTES} bytes of UTF-8, and none of \`/\`, \`\\\`, \`%\`: it is a part of a path.`,
  });

const amount = z
  .int()
  .check(
    z.minimum(1),
    z.maximum(Number(MAX_AMOUNT_MINOR)),
    z.describe('An integer in minor units: 15000 is 15,000 KRW or 150.00 USD.'),
  );

const split = z.strictObject({
  seller_id: sellerId('Who is owed this part.'),
  amount,
});

const paymentOrder = z
  .strictObject({
    amount,
    currency: z.string().check(
      z.refine(isCurrency, {
        error: 'is not an ISO 4217 currency code; write for example "KRW" or "USD"',
      }),
      z.meta({ pattern: '^[A-Z]{3}$', description: 'An ISO 4217 code: three capital letters.' }),
    ),
    seller_id: z.optional(sellerId('Who is owed the whole amount.')),
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
    z.check(({ value: { amount, splits }, issues }) => {
      const difference = splits === undefined ? 0n : sumOf(splits) - BigInt(amount);
      if (difference === 0n) return;
      const message = `sum to ${sumOf(splits ?? [])}, ${difference > 0n ? difference : -difference} too ${difference > 0n ? 'much' : 'little'}: the amount of the order is ${amount}`;
      issues.push({ code: 'custom', input: splits, path: ['splits'], message });
    }),
    z.meta({ oneOf: [{ required: ['seller_id'] }, { required: ['splits'] }] }),
  );

const PAIRS_LIMIT = 20;
const NAME_LIMIT = 40;
const VALUE_LIMIT = 500;

function problemOfName(name: string): string | undefined {
  const detail = problemOfId(NAME_LIMIT)(name);
  if (detail !== undefined || !asksForCardData(name)) return detail;
  return 'asks for card data, which is never accepted; leave it out, or use another name';
}

const metadata = z
  .record(
    textBy(problemOfName, { minLength: 1, maxLength: NAME_LIMIT, pattern: ID_PATTERN }),
    textBy(problemOfFreeText(VALUE_LIMIT), { maxLength: VALUE_LIMIT, pattern: FREE_TEXT_PATTERN }),
  )
  .check(
    z.check(({ value: pairs, issues }) => {
      const entries = Object.entries(pairs);
      if (entries.length > PAIRS_LIMIT) {
        const message = `has ${entries.length} pairs; send at most ${PAIRS_LIMIT}`;
        issues.push({ code: 'custom', input: pairs, path: [], message });
      }
      // In metadata, a name is checked together with its value.
      for (const [name, value] of entries) {
        const message = problemOfCardData(`${name}: ${value}`);
        if (message !== undefined && problemOfCardData(value) === undefined)
          issues.push({ code: 'custom', input: value, path: [name], message });
      }
    }),
    z.meta({
      description: `Up to ${PAIRS_LIMIT} pairs of strings, returned unchanged: line breaks and tabs are text, nothing is normalized. The rules for ids apply to names, which also must not ask for card data.`,
      maxProperties: PAIRS_LIMIT,
    }),
  );

/** The body of `POST /v1/payments`. Unknown fields are refused: clients can't set states, fees or ids. */
export const paymentRequestSchema = z
  .strictObject({
    merchant_reference: merchantId('Your own id of this payment; unique for ever.'),
    buyer_id: merchantId('Your own id of the buyer.'),
    payment_method: z.string().check(
      z.refine((token) => parsePaymentMethod(token) !== undefined, {
        error: `is not a known token; known are ${knownPaymentMethods().join(', ')}`,
      }),
      z.meta({
        minLength: 1,
        description: `A token of the buyer’s payment method, never card data. Known are ${describedPaymentMethods().join(', ')}.`,
      }),
    ),
    return_url: z.optional(
      textBy((text) => problemOfFreeText(RETURN_URL_LIMIT)(text) ?? problemOfReturnUrl(text), {
        format: 'uri',
        maxLength: RETURN_URL_LIMIT,
        description:
          'Where the buyer comes back to after acting on a page of the PSP; HTTPS. Read the payment then: the URL tells no result.',
      }),
    ),
    metadata: z.optional(metadata),
    payment_orders: z
      .array(paymentOrder)
      .check(z.minLength(1), z.maxLength(10), z.describe('Each is one charge of the buyer.')),
  })
  .check(
    z.check(({ value: { payment_orders: orders }, issues }) => {
      const sum = sumOf(orders);
      if (sum <= MAX_AMOUNT_MINOR) return;
      const message = `sum to ${sum}, ${sum - MAX_AMOUNT_MINOR} too much: the maximum of a payment is ${MAX_AMOUNT_MINOR}`;
      issues.push({ code: 'custom', input: orders, path: ['payment_orders'], message });
    }),
  );

export type PaymentRequest = z.infer<typeof paymentRequestSchema>;

function sumOf(parts: readonly { readonly amount: number }[]): bigint {
  return parts.reduce((sum, part) => sum + BigInt(part.amount), 0n);
}
