import { ExecuteSqlCommand, ExecuteStatementCommand } from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataApi, RESOURCE, SECRET } from '../../support/data-api.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let dataApi: DataApi;

beforeAll(async () => {
  testDatabase = await createEmptyDatabase();
  dataApi = await DataApi.start(testDatabase);
  await dataApi.execute('create table item (id int primary key, note text not null)');
});
afterAll(async () => {
  await dataApi.close();
  await testDatabase.drop();
});

test.each([
  ['select * from nowhere', 'ERROR: relation "nowhere" does not exist; Position: 15; SQLState: 42P01'],
  ['selec * from item', 'ERROR: syntax error at or near "selec"; Position: 1; SQLState: 42601'],
  [
    "select id from item where id = 'a'::text",
    'ERROR: operator does not exist: integer = text; Hint: No operator matches the given name and argument types. You might need to add explicit type casts.; Position: 30; SQLState: 42883',
  ],
])('say hint, position and SQLSTATE as PostgreSQL gives them: %s', async (sql, message) => {
  await expect(dataApi.execute(sql)).rejects.toMatchObject({ name: 'DatabaseErrorException', message });
});

test('leave out the detail, which holds values', async () => {
  await expect(dataApi.execute('insert into item (id) values (7)')).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message:
      'ERROR: null value in column "note" of relation "item" violates not-null constraint; SQLState: 23502',
  });
});

test('count the position in a statement that has $1 for a parameter, whatever its type', async () => {
  const parameters = [{ name: 'a', value: { longValue: 1 } }];
  await expect(dataApi.execute('select :a, :a, nowhere from item', { parameters })).rejects.toMatchObject({
    message: 'ERROR: column "nowhere" does not exist; Position: 16; SQLState: 42703',
  });
});

test('name the constraint that a value violates', async () => {
  await dataApi.execute("insert into item values (10, 'a')");
  await expect(dataApi.execute("insert into item values (10, 'a')")).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message: expect.stringMatching(/^ERROR: .*item_pkey.*; SQLState: 23505$/),
  });
});

test('refuse several statements in one call', async () => {
  await expect(dataApi.execute('select 1; select 2')).rejects.toMatchObject({
    name: 'ValidationException',
    message: "Multistatements aren't supported.",
  });
});

test('refuse a schema', async () => {
  await expect(dataApi.execute('select 1', { schema: 'public' })).rejects.toMatchObject({
    name: 'ValidationException',
    message: "The schema parameter isn't supported.",
  });
});

test('refuse a statement of more than 65,536 characters', async () => {
  const sql = (length: number) => `select 1 -- ${'x'.repeat(length - 'select 1 -- '.length)}`;
  expect((await dataApi.execute(sql(65_536))).records).toEqual([[{ longValue: 1 }]]);
  await expect(dataApi.execute(sql(65_537))).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining("'sql'"),
  });
});

test('refuse a request of more than 4 MiB', async () => {
  const parameters = [{ name: 'a', value: { stringValue: 'x'.repeat(4 * 1024 * 1024) } }];
  await expect(dataApi.execute('select length(:a)', { parameters })).rejects.toMatchObject({
    name: 'BadRequestException',
    message: expect.stringContaining('4 MiB'),
  });
});

test('refuse to copy from the database', async () => {
  await expect(dataApi.execute('copy item to stdout')).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message: 'unexpected message: CopyOutResponse',
  });
});

const COPY_REFUSED = {
  name: 'DatabaseErrorException',
  message: 'unexpected message: CopyInResponse',
};

test('refuse to copy into the database, and go on with the next statement', async () => {
  await expect(dataApi.execute('copy item from stdin')).rejects.toMatchObject(COPY_REFUSED);
  expect((await dataApi.execute('select 1')).records).toEqual([[{ longValue: 1 }]]);
});

test('end the transaction that copies into the database', async () => {
  const transactionId = await dataApi.begin();
  const copied = dataApi.execute('copy item from stdin', { transactionId });
  await expect(copied).rejects.toMatchObject(COPY_REFUSED);
  await expect(dataApi.execute('select 1', { transactionId })).rejects.toMatchObject({
    name: 'TransactionNotFoundException',
  });
});

test('refuse a wrong secret and a wrong cluster', async () => {
  const wrong = { resourceArn: RESOURCE, secretArn: `${SECRET}x`, sql: 'select 1' };
  const badRequest = { name: 'BadRequestException' };
  await expect(dataApi.client.send(new ExecuteStatementCommand(wrong))).rejects.toMatchObject(badRequest);
  await expect(
    dataApi.client.send(new ExecuteStatementCommand({ ...wrong, secretArn: SECRET, resourceArn: 'arn:x' })),
  ).rejects.toMatchObject(badRequest);
});

test('refuse by name an action that isn’t supported here', async () => {
  const input = { awsSecretStoreArn: SECRET, dbClusterOrInstanceArn: RESOURCE, sqlStatements: 'x' };
  await expect(dataApi.client.send(new ExecuteSqlCommand(input))).rejects.toMatchObject({
    message: expect.stringContaining('/ExecuteSql'),
  });
});
