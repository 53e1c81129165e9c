import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { createDirectDatabase, type DirectDatabase } from '../../../adapters/database/direct-database.ts';
import { PLANNING } from '../../../adapters/database/set-up/logins.ts';
import { ExecutorHarness, recordOf } from '../../support/executor.ts';
import { newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

const BATCH = 10;
/** PostgreSQL keeps a statement's plan after five runs. */
const RUNS_UNTIL_KEPT = 8;
const PAYMENTS = 150;
/** Some lines of each table for each order; one table read whole would be 1,500 more. */
const ROWS_PER_ORDER = 40;

let testDatabase: TestDatabase;
/** One session of the executor's login, as it is planned for. */
let session: DirectDatabase;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const url = new URL(testDatabase.url);
  const settings = Object.entries(PLANNING.execute ?? {}).map(([name, value]) => `-c ${name}=${value}`);
  url.searchParams.set('options', settings.join(' '));
  session = createDirectDatabase(url.href, 1);
});
afterAll(async () => {
  await session.close();
  await testDatabase.drop();
});

const ordersOf = (count: number) => Array.from({ length: count }, () => newOrder());

async function execute(orders: number): Promise<void> {
  const payment = await storePayment(testDatabase.database, ...ordersOf(orders));
  await new ExecutorHarness(session).execute(...payment.orders.map((order) => recordOf(order)));
}

const row = z.object({ read: z.coerce.number() });

test('a session that began with empty tables finds its rows by key when they are full', async () => {
  for (let run = 0; run < RUNS_UNTIL_KEPT; run += 1) await execute(1);
  for (let payment = 0; payment < PAYMENTS; payment += 1)
    await storePayment(testDatabase.database, ...ordersOf(BATCH));

  await session.execute('begin', {});
  await execute(BATCH);
  const [counted] = await session.execute(
    'select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) as read from pg_stat_xact_user_tables',
    {},
  );
  await session.execute('rollback', {});

  expect(row.parse(counted).read).toBeLessThan(BATCH * ROWS_PER_ORDER);
});
