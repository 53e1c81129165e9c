import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { asksForCardData, cardDataIn } from '../../../domain/payment/card-data.ts';
import { isCardNumber, withoutCardNumbers } from '../../../domain/payment/card-number.ts';
import { Random } from '../../simulation/random.ts';
import { withLuhnDigit } from '../../support/id-schemes.ts';

const GROUPED = 'holds a card number, grouped as on a card';
const BESIDE = 'holds a card number beside a word like "card"';
const TEST_NUMBER = 'holds a published test card number';
const CODE = 'holds a card’s security code';

describe('card data', () => {
  test.each([
    ['4532 0151 1283 0366', GROUPED],
    ['4532-0151-1283-0366', GROUPED],
    ['paid 4532 0151 1283 0366.', GROUPED],
    ['4532 0151 1283 0366 12/27', GROUPED],
    ['4532-0151-1283-0366 123', GROUPED],
    ['4000 0000 0000 0000 6', GROUPED],
    ['4000 0000 0000 0000 51', GROUPED],
    ['4000-0000-0000-0000-014', GROUPED],
    ['until 12 4532 0151 1283 0366', GROUPED],
    ['3714 496353 98431', GROUPED],
    ['3714-496353-98431', GROUPED],
    ['3056 930902 5904', GROUPED],
    ['4532\u00a00151\u00a01283\u00a00366', GROUPED],
    ['4532\u20110151\u20131283\u22120366', GROUPED],
    ['4532\u200b 0151 1283 0366', GROUPED],
    ['٤٥٣٢ ٠١٥١ ١٢٨٣ ٠٣٦٦', GROUPED],
    ['card 4532015112830366', BESIDE],
    ['Card number: 4532015112830366', BESIDE],
    ['card_no=4532015112830366', BESIDE],
    ['creditcard 4532015112830366', BESIDE],
    ['the card they paid with is 4532015112830366', BESIDE],
    ['PAN-4532015112830366', BESIDE],
    ['4532015112830366 exp 12/27', BESIDE],
    ['4532015112830366, expiry 12/27', BESIDE],
    ['4532015112830366 cvc', BESIDE],
    ['카드번호는 4532015112830366', BESIDE],
    ['４５３２０１５１１２８３０３６６ カード', BESIDE],
    ['4242424242424242', TEST_NUMBER],
    ['ref_4111111111111111', TEST_NUMBER],
    ['378282246310005', TEST_NUMBER],
    ['４１１１１１１１１１１１１１１１', TEST_NUMBER],
    ['cvc 123', CODE],
    ['CVV: 1234', CODE],
    ['cvv2=123', CODE],
    ['cvc code 123', CODE],
    ['(CVC123)', CODE],
  ])('%s %s', (text, what) => expect(cardDataIn(text)).toBe(what));

  test.each([
    '4532015112830366',
    'order 4532015112830366',
    'k-4532015112830366',
    // Passes no Luhn check, or begins as no issuer's numbers do.
    '4532 0151 1283 0367',
    '1234 5678 9012 3452',
    'card 4532015112830367',
    'card 1764497000040',
    // One group more, before or after; another separator; a letter that touches it; more behind a dash.
    '4532 0151 1283 0366 1234',
    '1234 4532 0151 1283 0366',
    'DE89 3704 0044 0532 0130 00',
    '4532 0151-1283 0366',
    '4532.0151.1283.0366',
    'a4532 0151 1283 0366',
    '4532 0151 1283 0366b',
    'a-4532-0151-1283-0366',
    '4532-0151-1283-0366-a',
    '+3714 496353 98431',
    '+352 4902 667847 5797',
    '+352-4902-667847-5797',
    '405-1234567-7654321',
    '490154203237518',
    // Not beside it, and no word of its own.
    'the card was declined, and this was the order: 4532015112830366',
    'scorecard 4532015112830366',
    'Japan 4532015112830366',
    'expo 4532015112830366',
    'cvc 12',
    'cvc 12345',
    'abcvc 123',
    'exp 12/27',
    '',
  ])('is not in %s', (text) => expect(cardDataIn(text)).toBeUndefined());

  test('is in whatever card number a person types off the card', () => {
    const random = new Random(1);
    for (let drawn = 0; drawn < 2_000; drawn += 1) {
      const digits = withLuhnDigit(
        `${random.pick(['4', '51', '62', '6011'])}00000000000000`.slice(0, 11) +
          random.below(10_000).toString().padStart(4, '0'),
      );
      for (const separator of [' ', '-']) {
        const typed = digits.replace(
          /(....)(....)(....)(....)/,
          `$1${separator}$2${separator}$3${separator}$4`,
        );
        expect([typed, cardDataIn(typed)]).toEqual([typed, GROUPED]);
      }
    }
  });

  test('is redacted in a log wherever it is refused, and also where it is accepted as an id', () => {
    for (const text of [
      '4532 0151 1283 0366',
      'card 4532015112830366',
      '4242424242424242',
      'k-4532015112830366',
    ])
      expect(withoutCardNumbers(text, '#')).not.toMatch(/\d{4}/);
  });
});

test('each published test number is one of an issuer, with its check digit', () => {
  const source = readFileSync(new URL('../../../domain/payment/card-data.ts', import.meta.url), 'utf8');
  const numbers = [...source.matchAll(/(?<=[' ])\d{13,19}(?=[' ])/g)].map(([number]) => number);
  expect(numbers.length).toBeGreaterThan(50);
  expect(numbers.filter((number) => !isCardNumber(number) || cardDataIn(number) !== TEST_NUMBER)).toEqual([]);
});

describe('a name asks for card data', () => {
  test.each([
    'card_number',
    'cardNumber',
    'CardNo',
    'credit-card-number',
    'cc_number',
    'pan',
    'PAN',
    'primary_account_number',
    'cvc',
    'CVV2',
    'card_cvc',
    'exp_month',
    'expYear',
    'card_expiry',
    'track2',
    'track_data',
    'pin_block',
  ])('%s', (name) => expect(asksForCardData(name)).toBe(true));

  test.each([
    'card',
    'card_brand',
    'gift_card_id',
    'expiry',
    'expires',
    'pin',
    'company',
    'pan_type',
    'cc',
    'track',
    '',
  ])('but not %s', (name) => expect(asksForCardData(name)).toBe(false));
});
