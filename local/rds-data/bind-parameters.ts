import * as z from 'zod';
import { badRequest, invalidRequest } from './errors.ts';

const fieldSchema = z.strictObject({
  isNull: z.boolean().optional(),
  booleanValue: z.boolean().optional(),
  longValue: z.number().optional(),
  doubleValue: z.union([z.number(), z.literal(['NaN', 'Infinity', '-Infinity'])]).optional(),
  stringValue: z.string().optional(),
  blobValue: z.string().optional(),
  arrayValue: z.unknown().optional(),
});

export const parameterSchema = z.strictObject({
  name: z.string(),
  value: fieldSchema.optional(),
  typeHint: z.enum(['JSON', 'UUID', 'TIMESTAMP', 'DATE', 'TIME', 'DECIMAL']).optional(),
});

export type SqlParameter = z.infer<typeof parameterSchema>;
type Hint = NonNullable<SqlParameter['typeHint']>;

/** A statement in PostgreSQL's syntax: `$1` for `:name`, each with the type that the Data API binds. */
export interface BoundStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Where a type was written behind a parameter, in the order of the text. */
  readonly casts: readonly { readonly end: number; readonly length: number }[];
}

/**
 * Where a `:name` is not recognized: strings, quoted names, comments, casts. It is recognized in dollar quotes and in the bounds
 * of a slice: on a real cluster, `select $$a :b c$$` returned `a $1 c`, and `a[1:2]` was a syntax error at `$1`.
 */
const TOKEN =
  /[eE]'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|::|:([A-Za-z0-9_]+)|[\s\S]/g;

/** @throws DataApiError if a parameter is missing, duplicate, an array, or doesn't match its hint */
export function bindParameters(sql: string, parameters: readonly SqlParameter[]): BoundStatement {
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  if (byName.size < parameters.length) throw badRequest('A parameter is given more than once.');
  const { pieces, names } = cachedPieces(sql);
  const unused = parameters.find((parameter) => !names.includes(parameter.name));
  if (unused !== undefined) throw badRequest(`Parameter ${unused.name} is not used in the statement.`);
  const values: unknown[] = [];
  const places = new Map<string, Place>();
  for (const name of names) {
    const parameter = byName.get(name);
    if (parameter === undefined) throw missing(name);
    const { value, type } = typedValue(parameter);
    values.push(value);
    places.set(name, { placeholder: `$${values.length}`, cast: type === undefined ? '' : `::${type}` });
  }
  return { ...assemble(pieces, places), values };
}

/** The parameters that the Data API finds in a statement, in the order of their first occurrence. */
export function parameterNames(sql: string): readonly string[] {
  return cachedPieces(sql).names;
}

interface Place {
  readonly placeholder: string;
  readonly cast: string;
}

function assemble(pieces: Pieces['pieces'], places: ReadonlyMap<string, Place>) {
  const casts: { end: number; length: number }[] = [];
  let text = '';
  for (const piece of pieces) {
    const place = typeof piece === 'string' ? undefined : places.get(piece.name);
    text += typeof piece === 'string' ? piece : `${place?.placeholder}${place?.cast}`;
    if (place?.cast) casts.push({ end: text.length, length: place.cast.length });
  }
  return { text, casts };
}

/**
 * The position of PostgreSQL's error in the statement with `$1` for `:name`.
 *
 * @param position in characters, from 1, of the bound text
 */
export function positionIn({ casts }: BoundStatement, position: number): number {
  return casts
    .filter(({ end }) => end < position)
    .reduce((unshifted, { length }) => unshifted - length, position);
}

/** AWS replaces these in dollar quotes and slices too; such a statement is refused here before it does harm. */
function missing(name: string): Error {
  return badRequest(
    `Cannot find parameter: ${name}. The Data API takes :${name} for one in dollar quotes and array slices too.`,
  );
}

/** A parsed statement: the text, and the parameters between. */
interface Pieces {
  readonly pieces: readonly (string | { readonly name: string })[];
  /** Distinct, in the order of their first occurrence. */
  readonly names: readonly string[];
}

/** The pipeline has about ten statements; the limit keeps a client that writes values into its text from filling the memory. */
const CACHE_LIMIT = 500;
const cache = new Map<string, Pieces>();

/** Parsing a long statement costs more than the rest of a call, and the same few statements recur. */
function cachedPieces(sql: string): Pieces {
  const known = cache.get(sql);
  if (known !== undefined) return known;
  if (cache.size >= CACHE_LIMIT) cache.clear();
  const pieces = takeApart(sql);
  cache.set(sql, pieces);
  return pieces;
}

function takeApart(sql: string): Pieces {
  const pieces: (string | { readonly name: string })[] = [];
  const names = new Set<string>();
  let text = '';
  for (const [token, name] of sql.matchAll(TOKEN)) {
    if (name === undefined) {
      text += token;
      continue;
    }
    pieces.push(text, { name });
    names.add(name);
    text = '';
  }
  return { pieces: [...pieces, text], names: [...names] };
}

interface TypedValue {
  readonly value: unknown;
  /** Undefined: PostgreSQL infers it. */
  readonly type: string | undefined;
}

function typedValue({ name, value, typeHint }: SqlParameter): TypedValue {
  if (value === undefined) throw badRequest(`Parameter ${name} has no value.`);
  if (value.arrayValue !== undefined) throw invalidRequest('Array parameters are not supported.');
  if (value.isNull === true) return { value: null, type: undefined };
  if (value.stringValue !== undefined)
    return { value: hinted(name, value.stringValue, typeHint), type: typeOf(typeHint) };
  if (typeHint !== undefined)
    throw badRequest(`Parameter ${name} has type hint ${typeHint} and no stringValue.`);
  if (value.booleanValue !== undefined) return { value: value.booleanValue, type: 'boolean' };
  if (value.longValue !== undefined) return { value: value.longValue, type: 'bigint' };
  if (value.doubleValue !== undefined) return { value: value.doubleValue, type: 'float8' };
  if (value.blobValue !== undefined) return { value: Buffer.from(value.blobValue, 'base64'), type: 'bytea' };
  throw badRequest(`Parameter ${name} has no value.`);
}

const HINTS: Readonly<Record<Hint, { readonly type: string; readonly format: RegExp }>> = {
  JSON: { type: 'jsonb', format: /[\s\S]/ },
  UUID: { type: 'uuid', format: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i },
  TIMESTAMP: { type: 'timestamp', format: /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,3})?$/ },
  DATE: { type: 'date', format: /^\d{4}-\d{2}-\d{2}$/ },
  TIME: { type: 'time', format: /^\d{2}:\d{2}:\d{2}(\.\d{1,3})?$/ },
  DECIMAL: { type: 'numeric', format: /^[+-]?\d+(\.\d+)?$/ },
};

function typeOf(hint: Hint | undefined): string {
  return hint === undefined ? 'varchar' : HINTS[hint].type;
}

function hinted(name: string, text: string, hint: Hint | undefined): string {
  if (hint !== undefined && !HINTS[hint].format.test(text)) {
    throw badRequest(`Parameter ${name}: ${JSON.stringify(text.slice(0, 60))} can't be read as ${hint}.`);
  }
  return text;
}
