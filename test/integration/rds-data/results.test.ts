import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataApi } from '../../support/data-api.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let dataApi: DataApi;

beforeAll(async () => {
  testDatabase = await createEmptyDatabase();
  dataApi = await DataApi.start(testDatabase);
  await dataApi.execute("create type mood as enum ('happy', 'sad')");
  await dataApi.execute(
    'create table item (id serial primary key, note varchar(200) not null, price numeric(10, 2), big bigint generated always as identity)',
  );
});
afterAll(async () => {
  await dataApi.close();
  await testDatabase.drop();
});

const refusal = (message: string) => ({ name: 'UnsupportedResultException', message });

describe('rows', () => {
  test('come as typed fields', async () => {
    const row = await dataApi.row(
      `select 1::int as i, true as b, 1.5::float8 as f, 1.50::numeric as n, 'x'::text as t, null::text as nothing,
              '\\x00ff'::bytea as bytes, 'happy'::mood as feeling, inet '10.0.0.1' as address`,
    );
    expect(row).toEqual([
      { longValue: 1 },
      { booleanValue: true },
      { doubleValue: 1.5 },
      { stringValue: '1.50' },
      { stringValue: 'x' },
      { isNull: true },
      { blobValue: new Uint8Array([0, 255]) },
      { stringValue: 'happy' },
      { stringValue: '10.0.0.1' },
    ]);
  });

  test('lose the digits of a long past 2^53 on their way, and text keeps them', async () => {
    const row = await dataApi.row('select 9007199254740993 as n, 9007199254740993::text as t');
    expect(row).toEqual([{ longValue: 9007199254740992 }, { stringValue: '9007199254740993' }]);
  });

  test.each([
    ['2026-01-02 03:04:05', '2026-01-02 03:04:05'],
    ['2026-01-02 03:04:05.12', '2026-01-02 03:04:05.120'],
    ['2026-01-02 03:04:05.1234', '2026-01-02 03:04:05.123400'],
  ])('have the fraction of %s in three digits or six', async (given, shown) => {
    const [at, zoned, time] =
      (await dataApi.row(
        `select timestamp '${given}', timestamptz '${given}+00', time '${given.slice(11)}'`,
      )) ?? [];
    expect([at?.stringValue, zoned?.stringValue, time?.stringValue]).toEqual([shown, shown, shown.slice(11)]);
  });

  test('have instants in UTC whatever the time zone of the transaction', async () => {
    const transactionId = await dataApi.begin();
    await dataApi.execute("set local time zone 'Asia/Kolkata'", { transactionId });
    const row = await dataApi.row("select timestamptz '2026-01-02 03:04:05.5+00'", { transactionId });
    await dataApi.rollback(transactionId);
    expect(row).toEqual([{ stringValue: '2026-01-02 03:04:05.500' }]);
  });

  test('have JSON without white space, its numbers and strings as they are', async () => {
    const row = await dataApi.row(
      `select '{"a": [1, 2.50], "b c": "x  y\\" :z"}'::jsonb, '{ "n" : 10000000000000000000001 }'::json`,
    );
    expect(row).toEqual([
      { stringValue: '{"a":[1,2.50],"b c":"x  y\\" :z"}' },
      { stringValue: '{"n":10000000000000000000001}' },
    ]);
  });
});

describe('arrays', () => {
  test.each([
    ["array['a', null, 'b,c', 'NULL', e'q\"\\\\']", { stringValues: ['a', null, 'b,c', 'NULL', 'q"\\'] }],
    ['array[1, null, 3]', { longValues: [1, null, 3] }],
    ['array[true, null]', { booleanValues: [true, null] }],
    ['array[1.5::float8, null]', { doubleValues: [1.5, null] }],
    ['array[1.50, null]', { stringValues: ['1.50', null] }],
    ["array[date '2026-01-02', null]", { stringValues: ['2026-01-02', null] }],
    ["array[time '03:04:05.1']", { stringValues: ['03:04:05.100'] }],
    ["array[timestamp '2026-01-02 03:04:05']", { stringValues: ['2026-01-02 03:04:05'] }],
    [`array['{"a": 1}'::json]`, { stringValues: ['{"a":1}'] }],
    [`array['{"a": 1}'::jsonb]`, { stringValues: ['{"a":1}'] }],
    ["'{}'::int[]", { longValues: [] }],
    ["'[0:1]={7,8}'::int[]", { longValues: [7, 8] }],
  ])('%s come as arrayValue', async (expression, arrayValue) => {
    expect(await dataApi.row(`select ${expression}`)).toEqual([{ arrayValue }]);
  });

  test('come as arrays in JSON too', async () => {
    const { formattedRecords = '' } = await dataApi.execute("select array[1, null] as n, array['a'] as t", {
      formatRecordsAs: 'JSON',
    });
    expect(JSON.parse(formattedRecords)).toEqual([{ n: [1, null], t: ['a'] }]);
  });

  test('of more than one dimension are refused', async () => {
    await expect(dataApi.execute('select array[array[1, 2], array[3, 4]]')).rejects.toMatchObject(
      refusal('The result contains a multidimensional array.'),
    );
  });
});

describe('a type that AWS does not return', () => {
  test.each([
    [`'a'::"char"`, '"CHAR"'],
    ["'1 day'::interval", 'INTERVAL'],
    ["'17:08:20+02'::timetz", 'TIMETZ'],
    ["'12.5'::money", 'MONEY'],
    ["'(1,2)'::point", 'POINT'],
    ["'08:00:2b:01:02:03'::macaddr", 'MACADDR'],
    ["'[1,2]'::int8range", 'INT8RANGE'],
    ["'[2026-01-01,2026-01-02]'::daterange", 'DATERANGE'],
    ["'[2026-01-01,2026-01-02]'::tsrange", 'TSRANGE'],
    ["b'101'", 'BIT'],
    ['1::oid', 'OID'],
    ['row(1, 2)', 'RECORD'],
    ['pg_sleep(0)', 'VOID'],
    ["'int4'::regtype", 'regtype'],
    ["'pg_class'::regclass", 'regclass'],
    ["'<a/>'::xml", 'xml'],
    ["'a'::tsvector", 'tsvector'],
    ["'0/0'::pg_lsn", 'pg_lsn'],
    ["array['1 day'::interval]", 'INTERVAL[]'],
    ["array['int4'::regtype]", 'regtype[]'],
    ["array['happy'::mood]", 'mood[]'],
  ])('is refused by its name: %s', async (expression, name) => {
    await expect(dataApi.execute(`select 1, ${expression} as v`)).rejects.toMatchObject(
      refusal(`The result contains the unsupported data type ${name}.`),
    );
  });

  test('is refused where its value is null, and not where there is no row', async () => {
    await expect(dataApi.execute('select null::interval')).rejects.toMatchObject(
      refusal('The result contains the unsupported data type INTERVAL.'),
    );
    expect((await dataApi.execute("select '1 day'::interval where false")).records).toEqual([]);
  });

  test('is returned as text where the statement casts it', async () => {
    expect(await dataApi.row("select '1 day'::interval::text")).toEqual([{ stringValue: '1 day' }]);
  });

  test.each(['date', 'timestamp', 'timestamptz'])(
    'is not the cause where %s is infinite: a failure without a word',
    async (type) => {
      await expect(dataApi.execute(`select 'infinity'::${type}`)).rejects.toMatchObject({
        name: 'InternalFailure',
        $metadata: { httpStatusCode: 500 },
      });
    },
  );
});

describe('as JSON text', () => {
  const json = (sql: string) =>
    dataApi.execute(sql, { formatRecordsAs: 'JSON', includeResultMetadata: true });

  test('rows have numbers, but decimals are strings and bytes base64', async () => {
    const {
      formattedRecords = '',
      records,
      columnMetadata,
    } = await json(
      `select 1 as one, 1.50 as decimal, 2.5::float8 as double, null::text as nothing, '{"a":1}'::jsonb as doc, false as no,
              '\\x00ff'::bytea as bytes`,
    );
    expect([records, columnMetadata]).toEqual([undefined, undefined]);
    expect(JSON.parse(formattedRecords)).toEqual([
      { one: 1, decimal: '1.50', double: 2.5, nothing: null, doc: '{"a":1}', no: false, bytes: 'AP8=' },
    ]);
  });

  test('two columns of the same name are refused', async () => {
    await expect(json('select 1 as a, 2 as a')).rejects.toMatchObject({ name: 'BadRequestException' });
  });
});

describe('the metadata of columns', () => {
  const metadata = async (sql: string) =>
    (await dataApi.execute(sql, { includeResultMetadata: true })).columnMetadata ?? [];

  test('name the types, arrays with an underscore', async () => {
    const columns = await metadata(
      `select 1, 2::int8, true, 'a'::bpchar, inet '10.0.0.1', 'sad'::mood, array[1], array['a'], '{}'::jsonb, '1 day'::interval
       where false`,
    );
    expect(columns.map(({ typeName }) => typeName)).toEqual([
      'int4',
      'int8',
      'bool',
      'bpchar',
      'inet',
      'mood',
      '_int4',
      '_text',
      'jsonb',
      'interval',
    ]);
  });

  test('tell of a table’s columns what a recorded answer of AWS told', async () => {
    const [id, note, price, big] = await metadata('select id, note as label, price, big from item');
    expect(id).toMatchObject({
      name: 'id',
      label: 'id',
      type: 4,
      typeName: 'serial',
      tableName: 'item',
      schemaName: '',
    });
    expect(id).toMatchObject({ precision: 10, scale: 0, nullable: 0, isAutoIncrement: true, isSigned: true });
    expect(note).toMatchObject({
      name: 'label',
      type: 12,
      typeName: 'varchar',
      precision: 200,
      isCaseSensitive: true,
    });
    expect(note).toMatchObject({
      nullable: 0,
      isAutoIncrement: false,
      isSigned: false,
      arrayBaseColumnType: 0,
    });
    expect(price).toMatchObject({ type: 2, typeName: 'numeric', precision: 10, scale: 2, nullable: 1 });
    expect(big).toMatchObject({ type: -5, typeName: 'bigserial', precision: 19 });
  });

  test('name no table for an expression, and do not know whether it may be null', async () => {
    const [column] = await metadata('select id + 1 as next from item');
    expect(column).toMatchObject({
      name: 'next',
      typeName: 'int4',
      tableName: '',
      nullable: 2,
      isAutoIncrement: false,
    });
  });

  test('are omitted unless requested', async () => {
    expect((await dataApi.execute('select 1')).columnMetadata).toBeUndefined();
  });
});

describe('an answer', () => {
  const TOO_LARGE = "select repeat('x', 60000) as x from generate_series(1, 20)";

  test.each(['NONE', 'JSON'] as const)(
    'of more than 1 MiB is refused, formatted as %s',
    async (formatRecordsAs) => {
      await expect(dataApi.execute(TOO_LARGE, { formatRecordsAs })).rejects.toMatchObject(
        refusal('The result exceeds the size limit 1 MB.'),
      );
    },
  );

  test('with a row of more than 64 KB is refused', async () => {
    await expect(dataApi.execute("select repeat('x', 70000)")).rejects.toMatchObject({
      name: 'BadRequestException',
      message: expect.stringContaining('Packet for query is too large'),
    });
  });

  test('of a write says how many rows it changed', async () => {
    const { numberOfRecordsUpdated } = await dataApi.execute("insert into item (note) values ('a'), ('b')");
    expect(numberOfRecordsUpdated).toBe(2);
  });

  test('has other types of numbers only by a cast: resultSetOptions is refused by name', async () => {
    await expect(
      dataApi.execute('select 1.5', { resultSetOptions: { decimalReturnType: 'DOUBLE_OR_LONG' } }),
    ).rejects.toMatchObject({
      name: 'BadRequestException',
      message: expect.stringContaining('resultSetOptions'),
    });
  });
});
