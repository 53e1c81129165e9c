import type { MessageAttribute, MessageAttributes } from '../engine/message.ts';
import { invalidParameter } from '../errors.ts';

const ATTRIBUTES_LIMIT = 10;
/** AWS also accepts Latin letters that the developer guide doesn't list. No period at either end, and no two in succession. */
const NAME = /^(?!\.)(?!.*\.\.)[A-Za-z0-9_.\-\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f]{1,256}(?<!\.)$/;
const RESERVED_PREFIX = /^(aws|amazon)\./i;
/** The part after a period is up to the sender. */
const DATA_TYPE = /^(String|Number|Binary)(\..+)?$/;
const DATA_TYPE_LIMIT = 256;
/** "Up to 38 digits of precision, between 10^-128 and 10^+126." */
const NUMBER = /^[+-]?(?<whole>\d*)(\.(?<fraction>\d*))?(e(?<exponent>[+-]?\d{1,4}))?$/i;
const DIGITS_LIMIT = 38;
const EXPONENTS = { least: -128, most: 126 };

/** @throws SqsError InvalidParameterValue naming the attribute */
export function assertAttributes(attributes: MessageAttributes): void {
  if (Object.keys(attributes).length > ATTRIBUTES_LIMIT) {
    throw invalidParameter('Number of message attributes exceeds the allowed maximum [10].');
  }
  for (const [name, attribute] of Object.entries(attributes)) {
    assertName(name);
    assertValue(name, attribute);
  }
}

function assertName(name: string): void {
  if (RESERVED_PREFIX.test(name)) {
    throw invalidParameter(
      `Invalid message (user) attribute name '${name}': it can't begin with AWS. or Amazon.`,
    );
  }
  if (NAME.test(name)) return;
  throw invalidParameter(
    `Invalid message (user) attribute name '${name}': use 1 to 256 letters, digits, _, - and periods, with no period at either end and no two in succession.`,
  );
}

function assertValue(name: string, attribute: MessageAttribute): void {
  const { DataType: type } = attribute;
  if (!DATA_TYPE.test(type) || type.length > DATA_TYPE_LIMIT) {
    throw invalidParameter(
      `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String; it can be at most 256 characters long.`,
    );
  }
  const value = type.startsWith('Binary') ? attribute.BinaryValue : attribute.StringValue;
  if (value === undefined || value === '') {
    throw invalidParameter(
      `Message (user) attribute '${name}' must contain a non-empty value of type '${type}'.`,
    );
  }
  if (type.startsWith('Binary')) return;
  if (!isText(value)) {
    throw invalidParameter(
      `Invalid characters found in the value of message (user) attribute '${name}'. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.`,
    );
  }
  if (type.startsWith('Number') && !isNumber(value))
    throw invalidParameter(`Could not cast message (user) attribute '${name}' value to number.`);
}

function isNumber(text: string): boolean {
  const { whole = '', fraction = '', exponent = '0' } = NUMBER.exec(text)?.groups ?? {};
  if (whole === '' && fraction === '') return false;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  if (digits === '') return true;
  // The exponent of the first digit that isn't 0: 1 is 10^0.
  const magnitude = Number(exponent) + digits.length - fraction.length - 1;
  const isWithin = magnitude >= EXPONENTS.least && magnitude < EXPONENTS.most;
  return digits.replace(/0+$/, '').length <= DIGITS_LIMIT && isWithin;
}

/** The characters that XML 1.0 allows; all others are refused. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const UNALLOWED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Whether SQS accepts these characters, in bodies and attributes. */
export function isText(text: string): boolean {
  return !UNALLOWED.test(text) && text.isWellFormed();
}
