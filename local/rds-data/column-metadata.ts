import type { Column } from './describe-columns.ts';
import type { Field } from './result-fields.ts';

interface Traits {
  /** Of `java.sql.Types`. */
  readonly type: number;
  readonly precision: number;
  readonly scale?: number;
  readonly isSigned?: true;
  readonly isCaseSensitive?: true;
}

const UNLIMITED = 2_147_483_647;

/**
 * As the PostgreSQL JDBC driver describes its columns: a recorded answer of the Data API has these numbers for
 * `serial`, `int4`, `float8`, `numeric`, `bool`, `text`, `jsonb`, `date` and both time stamps. No newer one is published.
 */
const TRAITS: Readonly<Record<string, Traits>> = {
  bool: { type: -7, precision: 1 },
  int2: { type: 5, precision: 5, isSigned: true },
  int4: { type: 4, precision: 10, isSigned: true },
  int8: { type: -5, precision: 19, isSigned: true },
  float4: { type: 7, precision: 8, scale: 8, isSigned: true },
  float8: { type: 8, precision: 17, scale: 17, isSigned: true },
  numeric: { type: 2, precision: 0, isSigned: true },
  date: { type: 91, precision: 13 },
  time: { type: 92, precision: 15, scale: 6 },
  timestamp: { type: 93, precision: 29, scale: 6 },
  timestamptz: { type: 93, precision: 35, scale: 6 },
  bytea: { type: -2, precision: UNLIMITED, isCaseSensitive: true },
  bpchar: { type: 1, precision: UNLIMITED, isCaseSensitive: true },
  name: { type: 12, precision: UNLIMITED, isCaseSensitive: true },
  text: { type: 12, precision: UNLIMITED, isCaseSensitive: true },
  varchar: { type: 12, precision: UNLIMITED, isCaseSensitive: true },
};
const OTHER: Traits = { type: 1111, precision: UNLIMITED, isCaseSensitive: true };
const ARRAY_TYPE = 2003;

/** An auto-increment column has the type name with which it was declared. */
const SERIALS: Readonly<Record<string, string>> = { int2: 'smallserial', int4: 'serial', int8: 'bigserial' };

/** Unknown for an expression; a table's column declares it. */
const NULLABLE = { no: 0, yes: 1, unknown: 2 } as const;

export function columnMetadata({ name, type, modifier, source }: Column): Field {
  const traits = TRAITS[type.isArray ? type.name.slice(1) : type.name] ?? OTHER;
  const increments = source?.isAutoIncrement ?? false;
  return {
    name,
    label: name,
    typeName: (increments ? SERIALS[type.name] : undefined) ?? type.name,
    type: type.isArray ? ARRAY_TYPE : traits.type,
    arrayBaseColumnType: type.isArray ? traits.type : 0,
    ...sizeOf(type.name, traits, modifier),
    nullable: source === undefined ? NULLABLE.unknown : source.isNotNull ? NULLABLE.no : NULLABLE.yes,
    isAutoIncrement: increments,
    isCaseSensitive: traits.isCaseSensitive ?? false,
    isCurrency: false,
    isSigned: traits.isSigned ?? false,
    schemaName: '',
    tableName: source?.tableName ?? '',
  };
}

/** PostgreSQL's modifier of numbers and texts includes four bytes of header. */
const HEADER = 4;

function sizeOf(typeName: string, { precision, scale = 0 }: Traits, modifier: number) {
  if (modifier < 0) return { precision, scale };
  if (typeName === 'varchar' || typeName === 'bpchar') return { precision: modifier - HEADER, scale };
  if (typeName !== 'numeric') return { precision, scale };
  return { precision: (modifier - HEADER) >> 16, scale: (modifier - HEADER) & 0xffff };
}
