import { DataApiError, unsupportedResult } from './errors.ts';
import { type Kind, type ResultType, refusedName } from './result-types.ts';

/** One value as text, as PostgreSQL sends it, or null. */
export type Text = string | null;

export type Field = { readonly [key: string]: unknown };

/** The key of a field, and of its array with an `s`; everything else is a `stringValue`. */
const KEYS: Partial<Record<Kind, string>> = {
  boolean: 'booleanValue',
  long: 'longValue',
  double: 'doubleValue',
  blob: 'blobValue',
};

/** @throws DataApiError for a type that the Data API doesn't return; it refuses those of rows only */
export function assertReturned(types: readonly ResultType[]): void {
  const refused = types.find((type) => type.kind === undefined);
  if (refused === undefined) return;
  throw unsupportedResult(`The result contains the unsupported data type ${refusedName(refused)}.`);
}

/** A field of `records`. A `longValue` has all its digits; a reader that parses it as a double may lose some. */
export function fieldOf(text: Text, { kind = 'text', isArray }: ResultType): Field {
  if (text === null) return { isNull: true };
  const key = KEYS[kind] ?? 'stringValue';
  if (!isArray) return { [key]: scalarOf(text, kind) };
  return { arrayValue: { [`${key}s`]: arrayOf(text, kind) } };
}

/** A value of `formattedRecords`, which is JSON within JSON: an array is one, a `DECIMAL` is a string. */
export function formattedOf(text: Text, { kind = 'text', isArray }: ResultType): unknown {
  if (text === null) return null;
  return isArray ? arrayOf(text, kind) : scalarOf(text, kind);
}

function arrayOf(text: string, kind: Kind): readonly unknown[] {
  return elementsOf(text).map((element) => (element === null ? null : scalarOf(element, kind)));
}

function scalarOf(text: string, kind: Kind): unknown {
  switch (kind) {
    case 'boolean':
      return text === 't';
    case 'long':
      return JSON.rawJSON(text);
    case 'double':
      return Number.isFinite(Number(text)) ? JSON.rawJSON(text) : text;
    case 'blob':
      return Buffer.from(text.slice(2), 'hex').toString('base64');
    case 'json':
      return compact(text);
    case 'date':
      return finite(text);
    case 'time':
      return withFraction(text);
    case 'timestamp':
      return withFraction(finite(text));
    case 'timestamptz':
      return withFraction(inUtc(finite(text)));
    case 'decimal':
    case 'text':
      return text;
  }
}

/** JSON without white space between its parts; numbers and strings stay as PostgreSQL wrote them. */
function compact(json: string): string {
  return json.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
}

/** The Data API fails without a message on `infinity`; here, years before 1 and after 9999 are refused too. */
function finite(text: string): string {
  if (!/^\d{4}-[^B]*$/.test(text)) throw new DataApiError('InternalFailure', '');
  return text;
}

/** No fraction, or three digits, or six. */
function withFraction(text: string): string {
  return text.replace(/\.(\d+)/, (_, digits: string) => {
    const micros = digits.padEnd(6, '0');
    return `.${micros.endsWith('000') ? micros.slice(0, 3) : micros}`;
  });
}

/** Instants are in UTC, without a suffix, whatever the session's time zone. */
function inUtc(text: string): string {
  const [, local = text, fraction = '', offset = '+00'] =
    /^([\d -]+[\d:]+)(\.\d+)?([+-][\d:]+)$/.exec(text) ?? [];
  const [hours = 0, minutes = 0, seconds = 0] = offset.slice(1).split(':').map(Number);
  const behind = (hours * 3600 + minutes * 60 + seconds) * (offset.startsWith('-') ? 1 : -1);
  if (behind === 0) return local + fraction;
  const utc = new Date(Date.parse(`${local.replace(' ', 'T')}Z`) + behind * 1000).toISOString();
  return utc.slice(0, -'.000Z'.length).replace('T', ' ') + fraction;
}

/** PostgreSQL's array text, one dimension: `{a,NULL,"b ""c"""}`, or with its bounds before it: `[0:1]={a,b}`. */
function elementsOf(text: string): readonly Text[] {
  const list = text.slice(text.indexOf('{'));
  if (list.startsWith('{{')) throw unsupportedResult('The result contains a multidimensional array.');
  const elements = list.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/gs);
  return [...elements].map(([, quoted, bare = '']) => {
    if (quoted !== undefined) return quoted.replaceAll(/\\(.)/gs, '$1');
    return bare === 'NULL' ? null : bare;
  });
}
