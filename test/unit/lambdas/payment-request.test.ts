import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import contract from '../../../docs/openapi.json' with { type: 'json' };
import { paymentRequestSchema } from '../../../lambdas/accept-payment/schema.ts';
import { readJsonBody } from '../../../lambdas/middleware/json-body.ts';
import { validate } from '../../../lambdas/middleware/validate.ts';
import { gatewayEvent } from '../../support/gateway-event.ts';

const GOOD = {
  merchant_reference: 'order-1',
  buyer_id: 'buyer-1',
  payment_method: 'sim_ok',
  payment_orders: [{ amount: 15_000, currency: 'KRW', seller_id: 'seller-1' }],
};

const read = (body: string) =>
  validate(
    paymentRequestSchema,
    readJsonBody(gatewayEvent({ multiValueHeaders: { 'content-type': ['application/json'] }, body })),
  );
const withFields = (fields: object) => read(JSON.stringify({ ...GOOD, ...fields }));
const withOrder = (fields: object) =>
  withFields({ payment_orders: [{ amount: 15_000, currency: 'KRW', seller_id: 'seller-1', ...fields }] });
const isTaken = (fields: object) => paymentRequestSchema.safeParse({ ...GOOD, ...fields }).success;
const split = (...amounts: readonly number[]) => ({
  seller_id: undefined,
  splits: amounts.map((amount) => ({ seller_id: 's', amount })),
});

describe('a refusal says what is wrong and what would be taken', () => {
  test.each([
    [
      'splits that sum to less',
      () => withOrder(split(9_000, 5_000)),
      '/payment_orders/0/splits: sum to 14000, 1000 too little: the amount of the order is 15000',
    ],
    [
      'splits that sum to more',
      () => withOrder(split(9_000, 6_001)),
      'sum to 15001, 1 too much: the amount of the order is 15000',
    ],
    [
      'orders that sum to more than 2^53-1',
      () =>
        withFields({
          payment_orders: [2 ** 53 - 1, 2].map((amount) => ({ ...GOOD.payment_orders[0], amount })),
        }),
      '/payment_orders: sum to 9007199254740993, 2 too much: the maximum of a payment is 9007199254740991',
    ],
    [
      'a decimal in metadata',
      () => read(JSON.stringify(GOOD).replace('{', '{"metadata":{"weight":1.5},')),
      '/metadata/weight: 1.5 is not valid; expected: a string; write it in quotes: "1.5"',
    ],
    [
      'an integer in metadata',
      () => withFields({ metadata: { count: 2 } }),
      '/metadata/count: 2 is not valid; expected: a string; write it in quotes: "2"',
    ],
    [
      'a decimal as amount',
      () => read(JSON.stringify(GOOD).replace('15000', '1.5')),
      '/payment_orders/0/amount: 1.5 is not accepted; write a plain integer of at most 9007199254740991',
    ],
    ['null', () => read('null'), 'The body: null is not valid; expected: an object'],
    [
      'a byte order mark',
      () => read(`\ufeff${JSON.stringify(GOOD)}`),
      'The body begins with a byte order mark, U+FEFF; leave it out.',
    ],
    ['an invisible character outside of a string', () => read('\u200b{}'), '<U+200B>'],
    [
      '21 pairs',
      () => withFields({ metadata: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, ''])) }),
      '/metadata: has 21 pairs; send at most 20',
    ],
    [
      'a long name',
      () => withFields({ metadata: { ['k'.repeat(41)]: '' } }),
      'has 41 characters; send 1 to 40',
    ],
    [
      'a name that asks for card data',
      () => withFields({ metadata: { card_number: 'x' } }),
      '/metadata: the name "card_number" asks for card data',
    ],
    ['a long id', () => withFields({ buyer_id: '😀'.repeat(129) }), 'has 129 characters; send 1 to 128'],
    [
      'an invisible character',
      () => withFields({ merchant_reference: 'ref\u200b' }),
      '/merchant_reference: "ref<U+200B>" contains U+200B, which is invisible',
    ],
    ['a tag', () => withFields({ merchant_reference: 'ref\u{e0041}' }), 'contains U+E0041'],
    ['another space', () => withFields({ merchant_reference: 'a\u00a0b' }), 'contains U+00A0'],
    [
      'a control character',
      () => withFields({ metadata: { note: 'a\u0007' } }),
      'contains the control character U+0007',
    ],
    [
      'what is not in NFC',
      () => withFields({ buyer_id: 'e\u0301' }),
      'is not in Unicode normalization form C; normalize it to NFC',
    ],
    ['a dot', () => withOrder({ seller_id: '.' }), '"." can’t be part of a path'],
    ['a percent sign', () => withOrder({ seller_id: '5%' }), 'contains %, which can’t be part of a path'],
    [
      'too many bytes for a path',
      () => withOrder({ seller_id: '😀'.repeat(101) }),
      'has 404 bytes of UTF-8; send at most 400',
    ],
  ])('%s', (_what, refused, said) => expect(refused).toThrow(said));

  test('and shows no card number', () => {
    expect(() => withFields({ payment_method: '4532 0151 1283 0366' })).toThrow(
      '"[hidden]" is not a known token',
    );
    expect(() => withFields({ buyer_id: '4532 0151 1283 0366' })).toThrow('"[hidden]" holds a card number');
  });
});

describe('a character is a code point', () => {
  const EMOJI = '😀';
  test.each([
    ['merchant_reference', 128, (text: string) => ({ merchant_reference: text })],
    ['buyer_id', 128, (text: string) => ({ buyer_id: text })],
    ['a name in metadata', 40, (text: string) => ({ metadata: { [text]: '' } })],
    ['a value in metadata', 500, (text: string) => ({ metadata: { a: text } })],
  ])('in %s, which takes %i of them', (_what, limit, fields) => {
    expect(isTaken(fields(EMOJI.repeat(limit)))).toBe(true);
    expect(isTaken(fields(EMOJI.repeat(limit + 1)))).toBe(false);
    expect(isTaken(fields('x'.repeat(limit)))).toBe(true);
    expect(isTaken(fields('x'.repeat(limit + 1)))).toBe(false);
  });
});

describe('metadata', () => {
  test.each(['a\nb', '\ta', ' a ', 'a\r\n', '', '\u200b', 'e\u0301', '❤️', '4532015112830366', 'exp 12/27'])(
    'holds %j',
    (value) => expect(withFields({ metadata: { note: value } }).metadata).toEqual({ note: value }),
  );
});

describe('the contract', () => {
  const { PaymentRequest } = contract.components.schemas;
  const order = PaymentRequest.properties.payment_orders.items.properties;
  const { metadata } = PaymentRequest.properties;
  const text = fc.string({
    unit: fc.constantFrom(...'ab .%/\\…é한😀\u0301\u200b\u00a0\u0007\n\t\u{e0041}\u3164'),
    maxLength: 6,
  });

  test.each([
    [
      'merchant_reference',
      PaymentRequest.properties.merchant_reference,
      (id: string) => ({ merchant_reference: id }),
    ],
    ['buyer_id', PaymentRequest.properties.buyer_id, (id: string) => ({ buyer_id: id })],
    [
      'seller_id',
      order.seller_id,
      (id: string) => ({ payment_orders: [{ ...GOOD.payment_orders[0], seller_id: id }] }),
    ],
    ['a name in metadata', metadata.propertyNames, (name: string) => ({ metadata: { [name]: '' } })],
    [
      'a value in metadata',
      { minLength: 0, ...metadata.additionalProperties },
      (value: string) => ({ metadata: { a: value } }),
    ],
  ])('documents %s as implemented', (what, schema, fields) => {
    const pattern = new RegExp(schema.pattern, 'u');
    fc.assert(
      fc.property(text, (candidate) => {
        const length = [...candidate].length;
        const isPromised =
          length >= schema.minLength && length <= schema.maxLength && pattern.test(candidate);
        // What a pattern can't say is in the description.
        const isNormal = what === 'a value in metadata' || candidate.normalize('NFC') === candidate;
        expect([candidate, isTaken(fields(candidate))]).toEqual([candidate, isPromised && isNormal]);
      }),
      { numRuns: 2_000 },
    );
  });
});
