import { type SqlParameter, TypeHint } from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataApi } from '../../support/data-api.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let dataApi: DataApi;

beforeAll(async () => {
  testDatabase = await createEmptyDatabase();
  dataApi = await DataApi.start(testDatabase);
  await dataApi.execute('create table item (id int primary key, doc jsonb)');
});
afterAll(async () => {
  await dataApi.close();
  await testDatabase.drop();
});

function text(name: string, stringValue: string, typeHint?: TypeHint): SqlParameter {
  return { name, value: { stringValue }, ...(typeHint === undefined ? {} : { typeHint }) };
}

test('are found by name, but not in strings, quoted names, comments or casts', async () => {
  const row = await dataApi.row(`select :a::text || ':a' || e'\\':a' as ":a" /* :a */ -- :a`, {
    parameters: [text('a', 'x')],
  });
  expect(row).toEqual([{ stringValue: `x:a':a` }]);
});

test.each(['1', '0', '2nd', 'a1', '_'])('may be named %s', async (name) => {
  const row = await dataApi.row(`select :${name} as v`, {
    parameters: [{ name, value: { longValue: 1 } }],
  });
  expect(row).toEqual([{ longValue: 1 }]);
});

test('are found within dollar quotes too, where PostgreSQL then sees none', async () => {
  await expect(
    dataApi.execute('select $$a :b c$$ as v', { parameters: [text('b', 'x')] }),
  ).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message: expect.stringContaining('SQLState: 08P01'),
  });
});

test.each([
  ['a name within a dollar quote', 'select $$a :b c$$ as v', 'Cannot find parameter: b'],
  [
    'a name within a tagged dollar quote',
    'do $body$ begin perform :b; end $body$',
    'Cannot find parameter: b',
  ],
  ['the end of an array slice', 'select (array[1,2,3])[1:2] as v', 'Cannot find parameter: 2'],
  ['the minutes of a time within a dollar quote', 'select $$at 10:30$$ as v', 'Cannot find parameter: 30'],
])('are what AWS misreads as one: %s is refused', async (_what, sql, message) => {
  await expect(dataApi.execute(sql)).rejects.toMatchObject({
    name: 'BadRequestException',
    message: expect.stringContaining(message),
  });
});

test.each([
  ['a missing one', 'select :a, :b', text('a', 'x'), /b/],
  ['one that is not used', 'select 1', text('a', 'x'), /a/],
  [
    'a time stamp in another form',
    'select :a',
    text('a', '2026-01-01T00:00:00Z', TypeHint.TIMESTAMP),
    /TIMESTAMP/,
  ],
  ['a UUID that is none', 'select :a', text('a', 'nope', TypeHint.UUID), /UUID/],
])('%s is refused by name', async (_what, sql, parameter, message) => {
  await expect(dataApi.execute(sql, { parameters: [parameter] })).rejects.toMatchObject({
    name: 'BadRequestException',
    message: expect.stringMatching(message),
  });
});

test('an array is no value of one', async () => {
  const parameters = [{ name: 'a', value: { arrayValue: { stringValues: ['x'] } } }];
  await expect(dataApi.execute('select :a', { parameters })).rejects.toMatchObject({
    name: 'ValidationException',
    message: 'Array parameters are not supported.',
  });
});

test('are typed by their hint', async () => {
  const row = await dataApi.row(
    `select pg_typeof(:d)::text, pg_typeof(:j)::text, pg_typeof(:n)::text, pg_typeof(:s)::text, pg_typeof(:l)::text, :z::text is null`,
    {
      parameters: [
        text('d', '2026-01-01', TypeHint.DATE),
        text('j', '{}', TypeHint.JSON),
        text('n', '1.5', TypeHint.DECIMAL),
        text('s', 'x'),
        { name: 'l', value: { longValue: 1 } },
        { name: 'z', value: { isNull: true } },
      ],
    },
  );
  expect(row?.map((field) => field.stringValue ?? field.booleanValue)).toEqual([
    'date',
    'jsonb',
    'numeric',
    'character varying',
    'bigint',
    true,
  ]);
});

test('a string is not silently taken for another type', async () => {
  const parameters = [text('doc', '{}')];
  await expect(
    dataApi.execute('insert into item (id, doc) values (99, :doc)', { parameters }),
  ).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message: expect.stringContaining('SQLState: 42804'),
  });
});
