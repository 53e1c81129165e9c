import { asPeopleRead, isCardNumber } from './card-number.ts';

/**
 * The card data in a text that the API refuses, in words that complete "it …"; undefined if there is none.
 *
 * Digits alone are taken for an id: shops number their orders so, and one in 27 random 16-digit ids has an issuer's prefix
 * and passes the Luhn check. Refused is what no id scheme produces: a card number grouped as on a card or next to a word
 * like "card"; a security code next to its name; and the test numbers that networks and PSPs publish, which people try
 * first. Nothing here stops someone who hides a card number on purpose.
 */
export function cardDataIn(text: string): string | undefined {
  const plain = asPeopleRead(text);
  if (holdsTestNumber(plain)) return 'holds a published test card number';
  if (holdsGroupedNumber(plain)) return 'holds a card number, grouped as on a card';
  if (BESIDE_A_WORD.test(marked(plain))) return 'holds a card number beside a word like "card"';
  if (SECURITY_CODE.test(plain)) return 'holds a card’s security code';
  return undefined;
}

/** Whether a name asks for card data, whatever its value: `card_number`, `cardNumber`, `PAN`, `cvc2`. */
export function asksForCardData(name: string): boolean {
  return CARD_FIELD.test(name.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
}

const CARD_FIELD =
  /^(?:(?:credit|debit|bank|payment)?card(?:number|num|no|nr|pan|cvc|cvv|csc|cvn|code|securitycode|pin|exp|expiry|expiration|expirydate|expirationdate|expmonth|expyear|track)|pan|(?:cc|pan)(?:number|num|no|nr|exp|cvc|cvv)|primaryaccountnumber|(?:cvc|cvv)(?:[12]|code|number)?|exp(?:iry|iration)?(?:month|year)|track(?:[123]|data)(?:data)?|magstripe|pinblock)$/;

/** A number with no digit or letter next to it. */
const BARE = /(?<![0-9A-Za-z])\d{13,19}(?![0-9A-Za-z])/g;

/**
 * 4-4-4-4, perhaps with one to three more digits, and 4-6-5 or 4-6-4, by one kind of separator. Nothing goes on by a
 * dash, as in a UUID; four groups of four are not part of more of them, as in an IBAN or a bank's reference; and no country
 * code stands before, as in a phone number.
 */
const GROUPED =
  /(?<![0-9A-Za-z+])(?<!\+\d{1,3}[ -])(?<![0-9A-Za-z]-)(?<![0-9A-Z]{2}\d{2} )(?:(\d{4}([ -])\d{4}\2\d{4}\2\d{4})(\2\d{1,3})?(?! \d{4}(?!\d))|(\d{4}([ -])\d{6}\5\d{4,5}))(?![0-9A-Za-z])(?!-[0-9A-Za-z])/g;

function holdsGroupedNumber(text: string): boolean {
  for (const [all, fours, , , others] of text.matchAll(GROUPED)) {
    if ([all, fours, others].some((written) => isCardNumber(digitsOf(written ?? '')))) return true;
  }
  return false;
}

function holdsTestNumber(text: string): boolean {
  for (const [digits] of text.matchAll(BARE)) if (TEST_NUMBERS.has(digits)) return true;
  return false;
}

function digitsOf(written: string): string {
  return written.replaceAll(/\D/g, '');
}

/** Replaces a number that may be a card's; no accepted text contains it. */
const MARK = '\u0000';

function marked(text: string): string {
  return text.replaceAll(BARE, (digits) => (isCardNumber(digits) ? MARK : digits));
}

const WORD =
  '(?:(?<!\\p{L})(?:(?:credit|debit|bank)?[ _-]?card(?:[ _-]?(?:number|num|no|nr))?|pan|cvc2?|cvv2?|exp(?:iry|ires|iration)?|karte|carte|tarjeta)(?!\\p{L})|카드|カード|卡号|유효기간)';
/** As far as a few words between: "the card they paid with is 4…". */
const NEAR = `[^${MARK}]{0,24}?`;
const BESIDE_A_WORD = new RegExp(`${WORD}${NEAR}${MARK}|${MARK}${NEAR}${WORD}`, 'iu');

const SECURITY_CODE =
  /(?<![\p{L}\d])(?:cvc|cvv)2?(?:[ _-]?(?:code|number|no))?[\s:=#._-]{0,3}\d{3,4}(?![\p{L}\d]|-\d)/iu;

/** As Visa, Mastercard, American Express, Discover, Diners, JCB and UnionPay, Stripe, Adyen and Braintree publish them. */
const TEST_NUMBERS: ReadonlySet<string> = new Set(
  (
    '4242424242424242 4111111111111111 4012888888881881 4000056655665556 4000000000000002 4000000000009995 ' +
    '4000000000009987 4000000000009979 4000000000000069 4000000000000127 4000000000000119 4000000000000341 ' +
    '4000002500003155 4000002760003184 4000003720000278 4000000000003220 4000000000003063 4000000000000077 ' +
    '4000000000000259 4000000000001976 4000000000005126 4222222222222 4444333322221111 4166676667666746 ' +
    '4646464646464644 4988438843884305 4917610000000000 4462030000000000 4005519200000004 4009348888881881 ' +
    '4012000033330026 4012000077777777 4217651111111119 4500600000000061 4000111111111115 ' +
    '5555555555554444 5200828282828210 5105105105105100 2223003122003222 5454545454545454 5136333333333335 ' +
    '5585558555855583 5555444433331111 2222400010000008 2222400070000005 2223000048400011 5431111111111111 ' +
    '378282246310005 371449635398431 378734493671000 370000000000002 374245455400126 ' +
    '6011111111111117 6011000990139424 6011981111111113 6011601160116611 6445644564456445 ' +
    '3056930009020004 30569309025904 38520000023237 36227206271667 36006666333344 36259600000004 ' +
    '3566002020360505 3530111333300000 3569990010095841 6200000000000005 6205500000000000004 6243030000000001 ' +
    '6759649826438453'
  ).split(' '),
);
