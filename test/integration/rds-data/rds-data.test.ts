import { BatchExecuteStatementCommand } from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataApi, TARGET } from '../../support/data-api.ts';
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

describe('a call without a transaction', () => {
  const textOf = async (sql: string) => (await dataApi.row(sql))?.[0]?.stringValue;

  test('leaves nothing open: what is begun in it ends with it', async () => {
    for (let calls = 0; calls < 3; calls += 1) await dataApi.execute('begin');
    await dataApi.execute('insert into item (id) values (40)');
    expect(await textOf('select txid_status(xmin::text::bigint) from item where id = 40')).toBe('committed');
  });

  test.each([
    'set application_name = $$mine$$',
    "select set_config('application_name', 'mine', false)",
    "do 'begin set application_name = mine; end'",
  ])('changes nothing for the next: %s', async (sql) => {
    await dataApi.execute(sql);
    expect(await textOf('show application_name')).not.toBe('mine');
  });
});

describe('a statement that runs for 45 s', () => {
  const sleepers = () => dataApi.sleepers();
  const sleep = (continueAfterTimeout: boolean) =>
    dataApi.execute('select pg_sleep(60)::text', { continueAfterTimeout });

  test('is answered with a time-out, and cancelled', async () => {
    const sleeping = sleep(false);
    sleeping.catch(() => {});
    await expect.poll(sleepers).toBe(1);
    dataApi.clock.advance(45_000);
    await expect(sleeping).rejects.toMatchObject({ name: 'StatementTimeoutException' });
    await expect.poll(sleepers).toBe(0);
  });

  test('goes on after it where the caller said so', async () => {
    const sleeping = sleep(true);
    sleeping.catch(() => {});
    await expect.poll(sleepers).toBe(1);
    dataApi.clock.advance(45_000);
    await expect(sleeping).rejects.toMatchObject({ name: 'StatementTimeoutException' });
    expect(await sleepers()).toBe(1);
    await wakeSleepers();
  });
});

test('the service closes at once, whatever still runs', async () => {
  const short = await DataApi.start(testDatabase);
  const sleeping = short.execute('select pg_sleep(60)::text');
  sleeping.catch(() => {});
  await expect.poll(() => dataApi.sleepers()).toBe(1);
  await short.service.close();
  await expect(sleeping).rejects.toThrow();
  short.client.destroy();
  // The database doesn't notice that nobody waits any more.
  await wakeSleepers();
});

async function wakeSleepers(): Promise<void> {
  await dataApi.execute(
    "select pg_cancel_backend(pid) from pg_stat_activity where query like 'select pg_sleep(60)%'",
  );
  await expect.poll(() => dataApi.sleepers()).toBe(0);
}

describe('a batch', () => {
  test('is all or nothing, and returns neither rows nor counts', async () => {
    const insert = (ids: readonly number[]) =>
      dataApi.client.send(
        new BatchExecuteStatementCommand({
          ...TARGET,
          sql: 'insert into item (id) values (:id)',
          parameterSets: ids.map((longValue) => [{ name: 'id', value: { longValue } }]),
        }),
      );
    const { updateResults } = await insert([30, 31]);
    expect(updateResults).toEqual([{ generatedFields: [] }, { generatedFields: [] }]);
    await expect(insert([32, 30])).rejects.toMatchObject({ name: 'DatabaseErrorException' });
    const { records } = await dataApi.execute('select id from item where id = 32');
    expect(records).toEqual([]);
  });
});

test('every request is counted with its caller', async () => {
  const before = dataApi.requests.length;
  await dataApi.execute('select 1');
  await expect
    .poll(() => dataApi.requests.slice(before))
    .toEqual([{ service: 'rds-data', action: 'ExecuteStatement', caller: 'SomeFunction' }]);
});
