/**
 * ISO 4217, table A.1 as its maintenance agency (SIX, www.six-group.com) had it at the start of 2026, grouped by exponent: the
 * number of decimal digits of the minor unit. Left out are codes in which nobody is paid: funds, units of account,
 * bond units, precious metals, XTS and XXX. A test compares it with the maintained table of dinero.js.
 */
const CODES_BY_EXPONENT: ReadonlyArray<readonly [exponent: number, codes: string]> = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'],
  [
    2,
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP ' +
      'CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES ' +
      'KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK ' +
      'NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB ' +
      'TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG',
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
];

const EXPONENTS: ReadonlyMap<string, number> = new Map(
  CODES_BY_EXPONENT.flatMap(([exponent, codes]) => codes.split(' ').map((code) => [code, exponent] as const)),
);

/** The largest amount in minor units: the largest integer that every JSON parser reads exactly. */
export const MAX_AMOUNT_MINOR = 2n ** 53n - 1n;

/** Whether `code` is a currency in which a payment can be made: three capital letters of ISO 4217. */
export function isCurrency(code: string): boolean {
  return EXPONENTS.has(code);
}

/** The decimal digits of the currency's minor unit: 0 for KRW, 2 for USD, 3 for KWD; undefined for an unknown code. */
export function exponentOf(code: string): number | undefined {
  return EXPONENTS.get(code);
}

/**
 * An amount for people to read: `15,000 KRW`, `12.34 USD`. Amounts for programs stay in minor units.
 *
 * A stored currency that is no longer in the table is printed as `1,234 minor units of BGN`.
 */
export function formatAmount(amountMinor: bigint, currency: string): string {
  const exponent = exponentOf(currency);
  if (exponent === undefined) return `${groupThousands(`${amountMinor}`)} minor units of ${currency}`;
  const sign = amountMinor < 0n ? '-' : '';
  const digits = `${amountMinor < 0n ? -amountMinor : amountMinor}`.padStart(exponent + 1, '0');
  const whole = groupThousands(digits.slice(0, digits.length - exponent));
  const fraction = exponent === 0 ? '' : `.${digits.slice(-exponent)}`;
  return `${sign}${whole}${fraction} ${currency}`;
}

function groupThousands(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}
