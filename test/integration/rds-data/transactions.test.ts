import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataApi } from '../../support/data-api.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let dataApi: DataApi;

beforeAll(async () => {
  testDatabase = await createEmptyDatabase();
  dataApi = await DataApi.start(testDatabase);
  await dataApi.execute('create table item (id int primary key)');
});
afterAll(async () => {
  await dataApi.close();
  await testDatabase.drop();
});

const insert = (id: number, transactionId: string) =>
  dataApi.execute(`insert into item (id) values (${id})`, { transactionId });
const rows = async (id: number) =>
  (await dataApi.execute(`select id from item where id = ${id}`)).records?.length;
const NOT_FOUND = { name: 'TransactionNotFoundException' };

test('are seen by others only once committed', async () => {
  const transactionId = await dataApi.begin();
  await insert(20, transactionId);
  expect(await rows(20)).toBe(0);
  expect(await dataApi.commit(transactionId)).toBe('Transaction Committed');
  expect(await rows(20)).toBe(1);
});

test('leave nothing behind when rolled back', async () => {
  const transactionId = await dataApi.begin();
  await insert(21, transactionId);
  expect(await dataApi.rollback(transactionId)).toBe('Rollback Complete');
  expect(await rows(21)).toBe(0);
});

test('expire after three idle minutes', async () => {
  const transactionId = await dataApi.begin();
  await insert(22, transactionId);
  dataApi.clock.advance(2 * 60_000);
  await dataApi.execute('select 1', { transactionId });
  dataApi.clock.advance(2 * 60_000);
  await dataApi.execute('select 1', { transactionId });
  dataApi.clock.advance(3 * 60_000);
  await expect(dataApi.execute('select 1', { transactionId })).rejects.toMatchObject(NOT_FOUND);
  expect(await rows(22)).toBe(0);
});

test('take one call at a time', async () => {
  const [holder, transactionId] = [await dataApi.begin(), await dataApi.begin()];
  await dataApi.execute('lock table item', { transactionId: holder });
  const running = dataApi.execute('select id from item', { transactionId });
  await expect.poll(waitingForALock).toBe(1);

  await expect(dataApi.execute('select 1', { transactionId })).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message: 'Transaction is still running a query',
  });
  await dataApi.rollback(holder);
  await running;
  await dataApi.rollback(transactionId);
});

async function waitingForALock(): Promise<number | undefined> {
  const { records } = await dataApi.execute(
    `select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
  );
  return records?.[0]?.[0]?.longValue;
}

test('accept nothing more after a failed statement, and their commit writes nothing and reports no error', async () => {
  const transactionId = await dataApi.begin();
  await insert(23, transactionId);
  await expect(insert(23, transactionId)).rejects.toMatchObject({ name: 'DatabaseErrorException' });
  await expect(dataApi.execute('select 1', { transactionId })).rejects.toMatchObject({
    name: 'DatabaseErrorException',
    message:
      'ERROR: current transaction is aborted, commands ignored until end of transaction block; SQLState: 25P02',
  });
  expect(await dataApi.commit(transactionId)).toBe('Transaction Committed');
  expect(await rows(23)).toBe(0);
});

test.each([
  ['too large', "select repeat('x', 60000) from generate_series(1, 20)"],
  ['of a type that is not returned', "select '1 day'::interval"],
])('are gone once an answer was %s', async (_what, sql) => {
  const transactionId = await dataApi.begin();
  await insert(24, transactionId);
  await expect(dataApi.execute(sql, { transactionId })).rejects.toMatchObject({
    name: 'UnsupportedResultException',
  });
  await expect(dataApi.commit(transactionId)).rejects.toMatchObject(NOT_FOUND);
  expect(await rows(24)).toBe(0);
});
