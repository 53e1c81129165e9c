import { badRequest } from './errors.ts';

/** PostgreSQL's type numbers that the Data API tells apart; everything else comes as text. */
const BOOL = 16;
const BYTEA = 17;
const INTEGERS: ReadonlySet<number> = new Set([20, 21, 23, 26]);
const FLOATS: ReadonlySet<number> = new Set([700, 701]);
const NUMERIC = 1700;
const TIMESTAMPTZ = 1184;
/** One-dimensional arrays, by the type of their elements. */
const ARRAYS: ReadonlyMap<number, number> = new Map([
  [1000, BOOL],
  [1005, 21],
  [1007, 23],
  [1016, 20],
  [1021, 700],
  [1022, 701],
  [1231, NUMERIC],
  [1009, 25],
  [1015, 25],
  [2951, 25],
]);

export interface Column {
  readonly name: string;
  readonly typeId: number;
}

/** One value as text, the way PostgreSQL sends it; null is null. */
export type Text = string | null;

export type Field = { readonly [key: string]: unknown };

/** A field of `records`. A `longValue` is written digit by digit; whoever reads it as a double loses some. */
export function fieldOf(text: Text, typeId: number): Field {
  if (text === null) return { isNull: true };
  const elementType = ARRAYS.get(typeId);
  if (elementType !== undefined) return { arrayValue: arrayOf(text, elementType) };
  if (typeId === BOOL) return { booleanValue: text === 't' };
  if (INTEGERS.has(typeId)) return { longValue: JSON.rawJSON(text) };
  if (FLOATS.has(typeId)) return { doubleValue: numberOf(text) };
  if (typeId === BYTEA) return { blobValue: Buffer.from(text.slice(2), 'hex').toString('base64') };
  return { stringValue: stringOf(text, typeId) };
}

/** A value of `formattedRecords`, which is JSON within JSON. */
export function formattedOf(text: Text, typeId: number): unknown {
  if (text === null) return null;
  if (typeId === BOOL) return text === 't';
  if (INTEGERS.has(typeId)) return JSON.rawJSON(text);
  if (FLOATS.has(typeId) || typeId === NUMERIC) return numberOf(text);
  return stringOf(text, typeId);
}

function stringOf(text: string, typeId: number): string {
  // Times are in UTC and say nothing of it.
  return typeId === TIMESTAMPTZ ? text.replace(/\+00$/, '') : text;
}

function numberOf(text: string): unknown {
  return Number.isFinite(Number(text)) ? JSON.rawJSON(text) : text;
}

function arrayOf(text: string, elementType: number): Field {
  const elements = elementsOf(text);
  if (elementType === BOOL) return { booleanValues: elements.map((element) => element === 't') };
  if (INTEGERS.has(elementType)) return { longValues: elements.map((element) => JSON.rawJSON(element)) };
  if (FLOATS.has(elementType)) return { doubleValues: elements.map(numberOf) };
  return { stringValues: elements };
}

/** PostgreSQL's array text, one dimension: `{a,"b ""c"""}`. */
function elementsOf(text: string): readonly string[] {
  if (text.startsWith('{{')) throw badRequest('The result contains an array of more than one dimension.');
  const elements = text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g);
  return [...elements].map(([, quoted, bare]) => quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? '');
}

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [16, 'bool'],
  [17, 'bytea'],
  [20, 'int8'],
  [21, 'int2'],
  [23, 'int4'],
  [25, 'text'],
  [114, 'json'],
  [700, 'float4'],
  [701, 'float8'],
  [1043, 'varchar'],
  [1082, 'date'],
  [1083, 'time'],
  [1114, 'timestamp'],
  [1184, 'timestamptz'],
  [1700, 'numeric'],
  [2950, 'uuid'],
  [3802, 'jsonb'],
]);

export function columnMetadata(column: Column): Field {
  return {
    name: column.name,
    label: column.name,
    typeName: TYPE_NAMES.get(column.typeId) ?? 'text',
    nullable: 1,
    type: 0,
    precision: 0,
    scale: 0,
    arrayBaseColumnType: 0,
    isAutoIncrement: false,
    isCaseSensitive: false,
    isCurrency: false,
    isSigned: INTEGERS.has(column.typeId) || FLOATS.has(column.typeId) || column.typeId === NUMERIC,
    schemaName: '',
    tableName: '',
  };
}
