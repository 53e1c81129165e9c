import type { Random } from '../simulation/random.ts';

/** Draws one id of a scheme that shops, marketplaces, banks or carriers use. */
export type IdScheme = (random: Random) => string;

const digits = (random: Random, length: number) => Array.from({ length }, () => random.below(10)).join('');
/** As above, not beginning with 0. */
const number = (random: Random, length: number) => `${1 + random.below(9)}${digits(random, length - 1)}`;
const hex = (random: Random, length: number) =>
  Array.from({ length }, () => random.below(16).toString(16)).join('');
const letters = (random: Random, length: number) =>
  Array.from({ length }, () => String.fromCharCode(65 + random.below(26))).join('');
/** With all the bits that a double has. */
const double = (random: Random) => (random.below(2 ** 27) * 2 ** 26 + random.below(2 ** 26)) / 2 ** 53;

/** Uniform, `to` included; each part of the range is far below 2^53. */
const between = (random: Random, from: number, to: number) =>
  from + Math.floor(double(random) * (to - from + 1));

const FIRST_MS = Date.UTC(1990, 0, 1);
const LAST_MS = Date.UTC(2060, 0, 1);
const SNOWFLAKE_EPOCH_MS = Date.UTC(2010, 10, 4);

const milliseconds = (random: Random) => between(random, FIRST_MS, LAST_MS);
const date = (random: Random) =>
  new Date(milliseconds(random)).toISOString().slice(0, 10).replaceAll('-', '');

function snowflake(random: Random): string {
  const since = BigInt(between(random, SNOWFLAKE_EPOCH_MS, LAST_MS) - SNOWFLAKE_EPOCH_MS);
  return String((since << 22n) | BigInt(random.below(2 ** 22)));
}

function uuid(random: Random, version: 4 | 7): string {
  const time = milliseconds(random).toString(16).padStart(12, '0');
  const all = version === 7 ? `${time}${hex(random, 20)}` : hex(random, 32);
  const variant = '89ab'[random.below(4)];
  return `${all.slice(0, 8)}-${all.slice(8, 12)}-${version}${all.slice(13, 16)}-${variant}${all.slice(17, 20)}-${all.slice(20)}`;
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
function ulid(random: Random): string {
  const time = [45, 40, 35, 30, 25, 20, 15, 10, 5, 0]
    .map((shift) => CROCKFORD[Number((BigInt(milliseconds(random)) >> BigInt(shift)) & 31n)])
    .join('');
  return time + Array.from({ length: 16 }, () => CROCKFORD[random.below(32)]).join('');
}

/** A check digit by weights that alternate from the right, as GS1 has it: EAN-13, GTIN-14, ISBN-13. */
function withGs1Digit(body: string): string {
  const sum = [...body]
    .reverse()
    .reduce((total, digit, place) => total + Number(digit) * (place % 2 === 0 ? 3 : 1), 0);
  return `${body}${(10 - (sum % 10)) % 10}`;
}

/** As an IMEI ends, and a card number. */
export function withLuhnDigit(body: string): string {
  const sum = [...body].reverse().reduce((total, digit, place) => {
    const weighed = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return total + Math.floor(weighed / 10) + (weighed % 10);
  }, 0);
  return `${body}${(10 - (sum % 10)) % 10}`;
}

const iban = (random: Random) =>
  letters(random, 2) + digits(random, 2) + digits(random, between(random, 11, 28));
const inFours = (text: string) => text.replaceAll(/.{4}(?=.)/g, '$& ');

/** Country code, then groups by one kind of separator. */
function phone(random: Random): string {
  const separator = random.pick([' ', '-', '']);
  const groups = random.pick([
    [2, 4, 4],
    [3, 3, 4],
    [4, 6],
    [4, 6, 3],
    [3, 4, 4],
    [4, 6, 4],
    [1, 2, 2, 2, 2],
    [4, 7],
  ]);
  return `+${between(random, 1, 998)}${groups.map((length) => separator + digits(random, length)).join('')}`;
}

const PREFIXES = ['k', 'ord', 'order', 'shop', 'inv', 'pay', 'ref', 'tx'];

/** Each stands for ids that are no card numbers, and must be taken wherever an id is. */
export const ID_SCHEMES: Readonly<Record<string, IdScheme>> = {
  ...Object.fromEntries(
    [13, 14, 15, 16, 17, 18, 19].map((length) => [
      `${length} random digits`,
      (random: Random) => (length === 16 ? number(random, 16) : digits(random, length)),
    ]),
  ),
  'a random double': (random) => String(double(random)),
  'prefix, process, milliseconds, counter, double': (random) =>
    [
      random.pick(PREFIXES),
      between(random, 2, 4_194_304),
      milliseconds(random),
      random.below(100_000),
      double(random),
    ].join('-'),
  'a snowflake': snowflake,
  'milliseconds since 1970': (random) => String(milliseconds(random)),
  'microseconds since 1970': (random) => `${milliseconds(random)}${digits(random, 3)}`,
  'nanoseconds since 1970': (random) => `${milliseconds(random)}${digits(random, 6)}`,
  'date and running number': (random) => `${date(random)}-${number(random, 10)}`,
  'letters, date and running number': (random) => `ORD${date(random)}${digits(random, 9)}`,
  'groups of 3, 7 and 7': (random) => `${digits(random, 3)}-${digits(random, 7)}-${digits(random, 7)}`,
  'UUID v4': (random) => uuid(random, 4),
  'UUID v4 without dashes': (random) => uuid(random, 4).replaceAll('-', ''),
  'UUID v7': (random) => uuid(random, 7),
  'UUID v7 without dashes': (random) => uuid(random, 7).replaceAll('-', ''),
  ULID: ulid,
  '64 hexadecimal digits': (random) => hex(random, 64),
  'an IBAN': iban,
  'an IBAN in fours': (random) => inFours(iban(random)),
  'a phone number': phone,
  'EAN-13': (random) => withGs1Digit(digits(random, 12)),
  'GTIN-14': (random) => withGs1Digit(digits(random, 13)),
  'ISBN-13': (random) => withGs1Digit(`97${8 + random.below(2)}${digits(random, 9)}`),
  'ISBN-13 with dashes': (random) =>
    withGs1Digit(`97${8 + random.below(2)}${digits(random, 9)}`).replace(
      /^(.{3})(.)(.{2})(.{6})(.)$/,
      '$1-$2-$3-$4-$5',
    ),
  IMEI: (random) => withLuhnDigit(digits(random, 14)),
  'a bank reference of 20 to 34 digits': (random) => digits(random, between(random, 20, 34)),
  'a bank reference in fours': (random) => inFours(digits(random, between(random, 20, 34))),
};
