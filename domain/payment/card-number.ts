/**
 * Recognizes card numbers (PANs) and removes them from texts. Logs hide everything that may be one, at the price of some
 * unreadable ids; the API refuses less, see card-data.ts.
 */

/**
 * Replaces each card number in the text: 13 to 19 digits that have an issuer's prefix and pass the Luhn check, in one run
 * or in groups of any size, with any separator that people use.
 */
export function withoutCardNumbers(text: string, replacement: string): string {
  const hidden = withoutWritten(text, replacement);
  return holdsCardNumber(hidden) ? withoutWritten(asPeopleRead(hidden), replacement) : hidden;
}

/** Whether the text, as a person reads it, still holds digits together or in the groups that cards show. */
function holdsCardNumber(text: string): boolean {
  for (const [candidate] of asPeopleRead(text).matchAll(CANDIDATE)) {
    if (isCardNumber(candidate.replaceAll(/[ -]/g, ''))) return true;
  }
  return false;
}

/** Full-width and Arabic digits, spaces and dashes of any kind become plain ones; what is invisible goes. */
export function asPeopleRead(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of plain text itself
  if (/^[\u0000-\u007f]*$/.test(text)) return text;
  return text
    .normalize('NFKC')
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 0xf))
    .replaceAll(/[\p{Pd}\u2212]/gu, '-')
    .replaceAll(/\p{Zs}/gu, ' ');
}

/** @param digits without separators */
export function isCardNumber(digits: string): boolean {
  return /^\d{13,19}$/.test(digits) && ISSUER_PREFIX.test(digits) && passesLuhn(digits);
}

function withoutWritten(text: string, replacement: string): string {
  return text.replaceAll(WRITTEN, (written) => {
    const parts = written.split(SEPARATOR);
    // The longest run of groups first, so that no digit of a card is left beside its replacement.
    for (let length = parts.length; length > 0; length -= 2) {
      for (let start = 0; start + length <= parts.length; start += 2) {
        const run = parts.slice(start, start + length);
        if (!isCardNumber(run.filter((_, index) => index % 2 === 0).join(''))) continue;
        const before = parts.slice(0, start).join('');
        const after = parts.slice(start + length).join('');
        return before + replacement + withoutWritten(after, replacement);
      }
    }
    return written;
  });
}

/** At least 13 digits, each perhaps after one separator; no other digit or letter touches them. */
const WRITTEN = /(?<![0-9A-Za-z])\d(?:[ .\-/]?\d){12,}(?![0-9A-Za-z])/g;
/** In parentheses, so that a split keeps the separators at the odd places. */
const SEPARATOR = /([ .\-/])/;

/**
 * Digits together, or grouped 4-4-4-4(-3), 4-6-5 or 4-6-4 by one kind of separator. No other digit or letter may touch
 * them, nor, where they are grouped, a dash with more behind it: a UUID is not a card.
 */
const CANDIDATE =
  /(?<![0-9A-Za-z])(?:\d{13,19}|(?<![0-9A-Za-z]-)\d{4}(?:([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?|([ -])\d{6}\2\d{4,5})(?!-[0-9A-Za-z]))(?![0-9A-Za-z])/g;

/**
 * Issuer ranges as the networks publish them: Visa 4; Mastercard 51-55, 2221-2720; American Express 34, 37; Discover
 * 6011, 644-649, 65; Diners 300-305, 36, 38, 39; JCB 3528-3589; UnionPay 62; Maestro 50, 56-58, 67; Mir 2200-2204.
 */
const ISSUER_PREFIX =
  /^(?:4|5[0-8]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-4]|3[47]|6011|64[4-9]|65|30[0-5]|3[689]|352[89]|35[3-8]|62|67)/;

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = place % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
