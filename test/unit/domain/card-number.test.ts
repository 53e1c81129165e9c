import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isCardNumber, withoutCardNumbers } from '../../../domain/payment/card-number.ts';

const without = (text: string) => withoutCardNumbers(text, '#');

describe('a card number is hidden', () => {
  test.each([
    ['4111111111111111', '#'],
    ['card 4111 1111 1111 1111!', 'card #!'],
    ['4111-1111-1111-1111', '#'],
    ['4111.1111.1111.1111', '#'],
    ['4111/1111/1111/1111', '#'],
    ['41 11 11 11 11 11 11 11', '#'],
    ['3782 822463 10005', '#'],
    ['until 12 4111 1111 1111 1111 27', 'until 12 # 27'],
    ['4111111111111111 5555555555554444', '# #'],
    ['12 4111111111111111 27 5555555555554444 35', '12 # 27 # 35'],
    ['{"pan":"4111111111111111"}', '{"pan":"#"}'],
    ['ref_4111111111111111', 'ref_#'],
    ['/wallets/4111111111111111?x=1', '/wallets/#?x=1'],
    ['４１１１１１１１１１１１１１１１', '#'],
    ['4111111111119', '#'],
    ['4111111111111111110', '#'],
  ])('%s becomes %s', (text, hidden) => expect(without(text)).toBe(hidden));

  test.each([
    '4111111111111112',
    '1764064800000',
    'pay_019000000000000000000000004111111111111111',
    '41111111-1111-4111-8111-4111a1111111',
    '411111111111',
    '41111111111111111111',
    '2026-11-25 10:00:00.000',
    // Each passes the Luhn check and begins as a card does, and is too short or too long for one.
    '00 411111111117',
    '41111111111111111115',
  ])('but not in %s', (text) => expect(without(text)).toBe(text));

  test('with all of its digits, whatever is written around and between them', () => {
    const separator = fc.constantFrom('', ' ', '-', '.', '/');
    const groups = fc.array(separator, { minLength: 15, maxLength: 15 });
    const word = fc.constantFrom('', 'card: ', '(', 'ref_', '12 ');
    fc.assert(
      fc.property(word, groups, word, (before, separators, after) => {
        const written = [...'4242424242424242'].map((digit, place) => digit + (separators[place] ?? ''));
        expect(without(`${before}${written.join('')} ${after}`)).not.toContain('42');
      }),
    );
  });

  test('and what is not a card’s stays beside it', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z ]{0,20}$/),
        fc.stringMatching(/^[a-z ]{0,20}$/),
        (before, after) => {
          expect(without(`${before} 4242424242424242 ${after}`)).toBe(`${before} # ${after}`);
        },
      ),
    );
  });
});

describe('a card number', () => {
  test.each([
    '4111111111111111',
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    '4222222222222',
    '5555555555554444',
    '2223003122003222',
    '378282246310005',
    '3782 822463 10005',
    '6011111111111117',
    '3056930009020004',
    '30569309025904',
    '3530111333300000',
    '6200000000000005',
    'card: 4111111111111111.',
    'order-4111111111111111',
    '2200000000000004',
    '4111 1111 1111 1111.',
    '4111-1111-1111-1111-',
    ' -4111-1111-1111-1111',
    '4000 0000 0000 0000 6',
    '4000 0000 0000 0000 51',
    '4000-0000-0000-0000-014',
    '4111\u00a01111\u00a01111\u00a01111',
    '4111\u20111111\u20131111\u22121111',
    '4111\u200b1111\u200b1111\u200b1111',
    '４１１１１１１１１１１１１１１１',
    '٤١١١١١١١١١١١١١١١',
    '۴۱۱۱ ۱۱۱۱ ۱۱۱۱ ۱۱۱۱',
  ])('%s is hidden', (text) => expect(without(text)).toContain('#'));

  test.each([
    '4111111111111112',
    '411111111111',
    '41111111111111111111',
    'a4111111111111111',
    '4111111111111111b',
    '1234567890123452',
    '01a20cfe-ff76-7475-84ba-d1f3af1a97eb',
    '41111–11111111111a',
    '',
    '15000',
  ])('is not in %s', (text) => expect(without(text)).toBe(text));

  test('begins as the numbers of the issuers do, and as no other', () => {
    const published: readonly (readonly [from: number, to: number])[] = [
      [2200, 2204],
      [2221, 2720],
      [3000, 3059],
      [3400, 3499],
      [3528, 3589],
      [3600, 3699],
      [3700, 3799],
      [3800, 3999],
      [4000, 4999],
      [5000, 5899],
      [6011, 6011],
      [6200, 6299],
      [6440, 6499],
      [6500, 6599],
      [6700, 6799],
    ];
    const prefixes = Array.from({ length: 10_000 }, (_, prefix) => prefix);
    expect(prefixes.filter((prefix) => isCardNumber(cardNumberFrom(prefix)))).toEqual(
      prefixes.filter((prefix) => published.some(([from, to]) => from <= prefix && prefix <= to)),
    );
  });
});

/** Sixteen digits that pass the Luhn check, the first four as given. */
function cardNumberFrom(prefix: number): string {
  const begun = `${prefix}`.padStart(4, '0').padEnd(15, '0');
  const sum = [...begun].reduce((total, digit, place) => {
    const weighed = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return total + Math.floor(weighed / 10) + (weighed % 10);
  }, 0);
  return `${begun}${(10 - (sum % 10)) % 10}`;
}
