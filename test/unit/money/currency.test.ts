import * as maintained from 'dinero.js/currencies';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exponentOf, formatAmount, isCurrency, MAX_AMOUNT_MINOR } from '../../../domain/money/currency.ts';

const CURRENCIES = ['KRW', 'JPY', 'ISK', 'UGX', 'USD', 'EUR', 'HUF', 'KWD', 'BHD'] as const;
const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const EVERY_CODE = LETTERS.flatMap((first) =>
  LETTERS.flatMap((second) => LETTERS.map((third) => first + second + third)),
);
const anAmount = fc.bigInt({ min: -MAX_AMOUNT_MINOR, max: MAX_AMOUNT_MINOR });

/** Reads what `formatAmount` wrote back into minor units. */
function minorUnitsOf(formatted: string): bigint {
  return BigInt(formatted.split(' ')[0]?.replaceAll(/[.,]/g, '') ?? '');
}

describe('currencies', () => {
  it.each([
    ['KRW', 0],
    ['JPY', 0],
    ['ISK', 0],
    ['UGX', 0],
    ['XOF', 0],
    ['USD', 2],
    ['EUR', 2],
    ['HUF', 2],
    ['MGA', 2],
    ['AED', 2],
    ['CUP', 2],
    ['NPR', 2],
    ['THB', 2],
    ['KWD', 3],
    ['BHD', 3],
    ['JOD', 3],
    ['OMR', 3],
    ['TND', 3],
  ])('%s has %i decimal digits', (code, exponent) => {
    expect(exponentOf(code)).toBe(exponent);
  });

  it.each(['usd', 'US', 'USDX', '', ' USD', 'XXX', 'XTS', 'XAU', 'CLF', 'HRK', '__proto__', 'constructor'])(
    'does not take %j for a currency',
    (code) => {
      expect(isCurrency(code)).toBe(false);
      expect(exponentOf(code)).toBeUndefined();
    },
  );

  it('are those of dinero.js, which is maintained, with its exponents', () => {
    const others = Object.values(maintained).flatMap(({ code, exponent }) =>
      exponentOf(code) === exponent ? [] : [[code, exponent, exponentOf(code)]],
    );
    expect(others).toEqual([
      // Left ISO 4217 at the start of 2026, for the euro.
      ['BGN', 2, undefined],
      // Funds and units of account, in which nobody is paid.
      ...['BOV', 'CHE', 'CHW'].map((code) => [code, 2, undefined]),
      ['CLF', 4, undefined],
      ['COU', 2, undefined],
      // Divided into fifths, which the table counts. ISO 4217 writes them with two digits.
      ['MGA', 1, 2],
      ['MRU', 1, 2],
      ...['MXV', 'USN'].map((code) => [code, 2, undefined]),
      ['UYI', 0, undefined],
      ['UYW', 4, undefined],
      // The Arab accounting dinar: a unit of account.
      ['XAD', 2, undefined],
    ]);
    const codes = new Set(Object.values(maintained).map(({ code }) => code as string));
    expect(EVERY_CODE.filter((code) => isCurrency(code) && !codes.has(code))).toEqual([]);
  });

  it('never has fewer digits than the table of the platform', () => {
    // The platform's table is CLDR's, which drops digits that a country no longer uses: it may have fewer, never more.
    const more = Intl.supportedValuesOf('currency').filter((code) => {
      const exponent = exponentOf(code);
      const { maximumFractionDigits } = new Intl.NumberFormat('en', {
        style: 'currency',
        currency: code,
      }).resolvedOptions();
      return (
        exponent !== undefined && maximumFractionDigits !== undefined && maximumFractionDigits > exponent
      );
    });
    expect(more).toEqual([]);
  });
});

describe('amounts for people', () => {
  it.each([
    [15000n, 'KRW', '15,000 KRW'],
    [1234n, 'USD', '12.34 USD'],
    [5n, 'USD', '0.05 USD'],
    [1n, 'KWD', '0.001 KWD'],
    [500n, 'ISK', '500 ISK'],
    [500n, 'UGX', '500 UGX'],
    [50000n, 'HUF', '500.00 HUF'],
    [-1234567n, 'USD', '-12,345.67 USD'],
    [-5n, 'EUR', '-0.05 EUR'],
    [0n, 'JPY', '0 JPY'],
    [MAX_AMOUNT_MINOR, 'KRW', '9,007,199,254,740,991 KRW'],
  ])('writes %s %s as %s', (amountMinor, currency, expected) => {
    expect(formatAmount(amountMinor, currency)).toBe(expected);
  });

  it('writes a currency that has left the table in minor units', () => {
    expect(formatAmount(123456n, 'BGN')).toBe('123,456 minor units of BGN');
  });

  it('loses no digit and no sign', () => {
    fc.assert(
      fc.property(anAmount, fc.constantFrom(...CURRENCIES), (amountMinor, currency) => {
        expect(minorUnitsOf(formatAmount(amountMinor, currency))).toBe(amountMinor);
      }),
    );
  });

  it('always writes exactly the digits that the currency has', () => {
    fc.assert(
      fc.property(anAmount, fc.constantFrom(...CURRENCIES), (amountMinor, currency) => {
        const fraction = formatAmount(amountMinor, currency).split(' ')[0]?.split('.')[1] ?? '';
        expect(fraction).toHaveLength(exponentOf(currency) ?? -1);
      }),
    );
  });

  it('lets every amount cross JSON unchanged', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: MAX_AMOUNT_MINOR }), (amountMinor) => {
        expect(BigInt(JSON.parse(`${amountMinor}`))).toBe(amountMinor);
      }),
    );
  });
});
