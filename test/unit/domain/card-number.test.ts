import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { looksLikeCardNumber, withoutCardNumbers } from '../../../domain/payment/card-number.ts';

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

describe('a dash or a space of another alphabet', () => {
  test.each(['4111–1111–1111–1111', '4111\u00a01111\u00a01111\u00a01111'])(
    'groups a card number: %s',
    (text) => expect(looksLikeCardNumber(text)).toBe(true),
  );

  test.each(['41111–11111111111', '41111\u00a011111111111'])('keeps apart what is none: %s', (text) =>
    expect(looksLikeCardNumber(text)).toBe(false),
  );
});
