import type pg from 'pg';
import * as z from 'zod';
import { catalogType, type ResultType, supportedType } from './result-types.ts';

/** A column of an answer. */
export interface Column {
  readonly name: string;
  readonly type: ResultType;
  /** `atttypmod`: the modifier in `numeric(10, 2)`; -1 if there is none. */
  readonly modifier: number;
  /** The table's column that it comes from; undefined for an expression, and if not requested. */
  readonly source: ColumnSource | undefined;
}

export interface ColumnSource {
  readonly tableName: string;
  readonly isNotNull: boolean;
  readonly isAutoIncrement: boolean;
}

/** @param withSources whether to look up the tables that the columns come from; costs a query */
export async function describeColumns(
  client: pg.PoolClient,
  fields: readonly pg.FieldDef[],
  withSources: boolean,
): Promise<readonly Column[]> {
  const types = await catalogTypes(client, fields);
  const sources = withSources ? await sourcesOf(client, fields) : new Map<string, ColumnSource>();
  return fields.map((field) => ({
    name: field.name,
    type: supportedType(field.dataTypeID) ?? types.get(field.dataTypeID) ?? catalogType('unknown', 'b'),
    modifier: field.dataTypeModifier,
    source: sources.get(`${field.tableID}.${field.columnID}`),
  }));
}

const typeSchema = z.object({ oid: z.coerce.number(), typname: z.string(), typtype: z.string() });

/** The types whose number isn't known; most answers have none and need no query. */
async function catalogTypes(
  client: pg.PoolClient,
  fields: readonly pg.FieldDef[],
): Promise<ReadonlyMap<number, ResultType>> {
  const ids = fields.map((field) => field.dataTypeID).filter((id) => supportedType(id) === undefined);
  if (ids.length === 0) return new Map();
  const { rows } = await client.query('select oid, typname, typtype from pg_type where oid = any($1)', [ids]);
  return new Map(
    z
      .array(typeSchema)
      .parse(rows)
      .map(({ oid, typname, typtype }) => [oid, catalogType(typname, typtype)]),
  );
}

const SOURCES = `
  select a.attrelid || '.' || a.attnum as place, c.relname, a.attnotnull::int,
         (a.attidentity <> '' or coalesce(pg_get_expr(d.adbin, d.adrelid), '') like '%nextval(%')::int as increments
  from unnest($1::oid[], $2::int[]) as asked(relation, number)
  join pg_attribute a on a.attrelid = asked.relation and a.attnum = asked.number
  join pg_class c on c.oid = a.attrelid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum`;

const sourceSchema = z.object({
  place: z.string(),
  relname: z.string(),
  attnotnull: z.enum(['0', '1']),
  increments: z.enum(['0', '1']),
});

async function sourcesOf(
  client: pg.PoolClient,
  fields: readonly pg.FieldDef[],
): Promise<ReadonlyMap<string, ColumnSource>> {
  const ofTables = fields.filter((field) => field.tableID !== 0);
  const places = [ofTables.map((field) => field.tableID), ofTables.map((field) => field.columnID)];
  const { rows } = await client.query(SOURCES, places);
  return new Map(
    z
      .array(sourceSchema)
      .parse(rows)
      .map(({ place, relname, attnotnull, increments }) => [
        place,
        { tableName: relname, isNotNull: attnotnull === '1', isAutoIncrement: increments === '1' },
      ]),
  );
}
