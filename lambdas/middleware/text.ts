import { cardDataIn } from '../../domain/payment/card-data.ts';
import { withoutCardNumbers } from '../../domain/payment/card-number.ts';

/**
 * Invisible characters, in the notation of a character class: controls; Unicode's default ignorables, including the zero
 * width space, joiners, the marks of writing direction, variation selectors, the byte order mark and tags; the separators
 * of lines and paragraphs; fillers and the braille blank; and noncharacters. Listed rather than named by a property, so that
 * the list doesn't depend on the Unicode version and is part of the contract.
 */
const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f';
const INVISIBLE =
  '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u2800' +
  '\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\uffff\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}';
/** Each looks like U+0020, or is invisible. */
const OTHER_SPACES = '\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000';

const NOT_SEEN = `${CONTROLS}${INVISIBLE}${OTHER_SPACES}`;
const UNSEEN = new RegExp(`[${NOT_SEEN}]`, 'u');
const ALL_UNSEEN = new RegExp(UNSEEN, 'gu');
/** Tab, line feed and carriage return are text. */
const UNPRINTABLE = '\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f';
const ANY_UNPRINTABLE = new RegExp(`[${UNPRINTABLE}]`, 'u');

/** For ids and names in metadata, as ECMA-262 with the flag u. A pattern can't check normalization and card data. */
export const ID_PATTERN = `^(?! )[^${NOT_SEEN}]*(?<! )$`;
/** For an id in a path: as above, without characters that a path can't contain. */
export const PATH_ID_PATTERN = `^(?!\\.{1,2}$)(?! )[^/\\\\%${NOT_SEEN}]*(?<! )$`;
/** For a value in metadata. */
export const FREE_TEXT_PATTERN = `^[^${UNPRINTABLE}]*$`;

/** The maximum length of an id, and of a name and a value in metadata, in code points, as in PostgreSQL. */
export const ID_LIMIT = 128;
/**
 * API Gateway allows 1,600 bytes for a path with the ARN around it, in which each non-ASCII byte of UTF-8 takes three.
 */
export const PATH_ID_LIMIT_BYTES = 400;

type Rule = (text: string) => string | undefined;

/** What is wrong with an id that a merchant chooses, or with a name in metadata; undefined if it is valid. */
export const problemOfId =
  (limit: number): Rule =>
  (text) =>
    problemOfLength(text, 1, limit) ??
    problemOfUnicode(text) ??
    problemOfSight(text) ??
    problemOfCardData(text);

/** What is wrong with an id that is also part of a path. */
export const problemOfPathId: Rule = (text) => problemOfId(ID_LIMIT)(text) ?? problemOfPath(text);

/** What is wrong with a text that is returned unchanged. */
export const problemOfFreeText =
  (limit: number): Rule =>
  (text) => {
    const [control] = ANY_UNPRINTABLE.exec(text) ?? [];
    const detail =
      control === undefined
        ? undefined
        : `contains the control character ${codePointOf(control)}; leave it out`;
    return problemOfLength(text, 0, limit) ?? problemOfUnicode(text) ?? detail ?? problemOfCardData(text);
  };

/** Checks for well-formed Unicode. */
export function problemOfUnicode(text: string): string | undefined {
  if (!text.isWellFormed()) return 'contains half of a surrogate pair; send well-formed Unicode';
  if (text.includes('\ufffd')) return 'contains U+FFFD, which replaces bytes that are not UTF-8; send UTF-8';
  return undefined;
}

function problemOfLength(text: string, least: number, most: number): string | undefined {
  // A code point has at most two units, so most texts need no count.
  if (text.length >= least && text.length <= most) return undefined;
  const length = [...text].length;
  return length >= least && length <= most ? undefined : `has ${length} characters; send ${least} to ${most}`;
}

/** Two ids that look the same would be confused, so each id has only one spelling. */
function problemOfSight(text: string): string | undefined {
  const [unseen] = UNSEEN.exec(text) ?? [];
  if (unseen !== undefined)
    return `contains ${codePointOf(unseen)}, which is invisible or looks like a space; leave it out`;
  if (text.trim() !== text) return 'begins or ends with white space; trim it';
  if (text.normalize('NFC') !== text) return 'is not in Unicode normalization form C; normalize it to NFC';
  return undefined;
}

/** What is wrong with a text that holds card data. */
export function problemOfCardData(text: string): string | undefined {
  const what = cardDataIn(text);
  return what === undefined ? undefined : `${what}; send a token, card data is never accepted`;
}

/** Clients resolve dots before they send, and the gateway changes `%` and an encoded slash. */
function problemOfPath(text: string): string | undefined {
  if (text === '.' || text === '..') return 'can’t be part of a path; choose another id';
  const [unfit] = /[/\\%]/.exec(text) ?? [];
  if (unfit !== undefined) return `contains ${unfit}, which can’t be part of a path; choose another id`;
  const bytes = Buffer.byteLength(text);
  if (bytes > PATH_ID_LIMIT_BYTES) return `has ${bytes} bytes of UTF-8; send at most ${PATH_ID_LIMIT_BYTES}`;
  return undefined;
}

function codePointOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** A text for an answer: invisible characters as code points, and without card numbers. */
export function shownText(text: string): string {
  return withoutCardNumbers(text, '[hidden]').replaceAll(ALL_UNSEEN, (unseen) => `<${codePointOf(unseen)}>`);
}
