/** How values of a type are written into an answer. */
export type Kind =
  | 'boolean'
  | 'long'
  | 'double'
  | 'decimal'
  | 'blob'
  | 'json'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'timestamptz'
  | 'text';

/** The type of a column, as PostgreSQL's catalog names it: `int4`, `_int4` for its array. */
export interface ResultType {
  readonly name: string;
  /** Of the value, or of each element; undefined if the Data API refuses to return it. */
  readonly kind: Kind | undefined;
  readonly isArray: boolean;
}

/**
 * What "RDS Data API supports following Aurora PostgreSQL scalar types" lists, by PostgreSQL's type number, and
 * `timestamptz`, which several programs are known to read. `oid`, `int4range` and `numrange` are not on the list, though a
 * compatibility page and data-api-client's suite read them. Here the stricter rule applies: they are refused.
 */
const SCALARS: readonly (readonly [number, string, Kind])[] = [
  [16, 'bool', 'boolean'],
  [17, 'bytea', 'blob'],
  [19, 'name', 'text'],
  [20, 'int8', 'long'],
  [21, 'int2', 'long'],
  [23, 'int4', 'long'],
  [25, 'text', 'text'],
  [114, 'json', 'json'],
  [650, 'cidr', 'text'],
  [700, 'float4', 'double'],
  [701, 'float8', 'double'],
  [869, 'inet', 'text'],
  [1042, 'bpchar', 'text'],
  [1043, 'varchar', 'text'],
  [1082, 'date', 'date'],
  [1083, 'time', 'time'],
  [1114, 'timestamp', 'timestamp'],
  [1184, 'timestamptz', 'timestamptz'],
  [1700, 'numeric', 'decimal'],
  [2950, 'uuid', 'text'],
  [3802, 'jsonb', 'json'],
];

/** The array types of the same list without `BIT[]`, and `jsonb[]`, which data-api-client's suite reads. */
const ARRAYS: readonly (readonly [number, string, Kind])[] = [
  [199, '_json', 'json'],
  [1000, '_bool', 'boolean'],
  [1003, '_name', 'text'],
  [1005, '_int2', 'long'],
  [1007, '_int4', 'long'],
  [1009, '_text', 'text'],
  [1014, '_bpchar', 'text'],
  [1015, '_varchar', 'text'],
  [1016, '_int8', 'long'],
  [1021, '_float4', 'double'],
  [1022, '_float8', 'double'],
  [1115, '_timestamp', 'timestamp'],
  [1182, '_date', 'date'],
  [1183, '_time', 'time'],
  [1231, '_numeric', 'decimal'],
  [2951, '_uuid', 'text'],
  [3807, '_jsonb', 'json'],
];

const SUPPORTED: ReadonlyMap<number, ResultType> = new Map<number, ResultType>([
  ...SCALARS.map(([id, name, kind]) => [id, { name, kind, isArray: false }] as const),
  ...ARRAYS.map(([id, name, kind]) => [id, { name, kind, isArray: true }] as const),
]);

/** Undefined for a type that needs the catalog: an enum, or a refused type. */
export function supportedType(typeId: number): ResultType | undefined {
  return SUPPORTED.get(typeId);
}

/** @param kind `typtype` of `pg_type`: `e` is an enum, the only user-defined type that is returned */
export function catalogType(name: string, kind: string): ResultType {
  return { name, kind: kind === 'e' ? 'text' : undefined, isArray: false };
}

/** Types that the Data API names in capitals when it refuses them; it names all others as the catalog does (`regclass`, `xml`). */
const IN_CAPITALS =
  /^(bit|box|circle|daterange|int4range|int8range|interval|jsonpath|line|lseg|macaddr8?|money|numrange|oid|path|point|polygon|record|timetz|timestamptz|tsrange|tstzrange|varbit|void)$/;

/** As the refusal of the type names it: `INTERVAL`, `"CHAR"`, `INTERVAL[]`, `regclass`. */
export function refusedName({ name }: ResultType): string {
  const element = name.startsWith('_') ? name.slice(1) : name;
  const suffix = name.startsWith('_') ? '[]' : '';
  if (element === 'char') return `"CHAR"${suffix}`;
  return `${IN_CAPITALS.test(element) ? element.toUpperCase() : element}${suffix}`;
}
