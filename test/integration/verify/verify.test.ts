import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { pause, resume } from '../../../adapters/database/statements/processing-pauses.ts';
import { verifyDatabase } from '../../../adapters/database/verify-database.ts';
import { generateHistory, generateParked } from '../../../bench/history/generate.ts';
import { ExecutorHarness, recordOf } from '../../support/executor.ts';
import { moveClock, newOrder, storePayment } from '../../support/payments.ts';
import { cloneDatabase, createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

const PAYMENTS = 2_500;
const HOUR = 3_600;
const OPERATOR = { actor: 'ann', reason: 'a test', origin: 'a laptop' };

let history: TestDatabase;
let testDatabase: TestDatabase;
let database: Database;
let operate: Database;

beforeAll(async () => {
  history = await createTestDatabase();
  await generateHistory(history.url, { payments: PAYMENTS, days: 300 });
});
afterAll(() => history.drop());

async function clone(): Promise<void> {
  testDatabase = await cloneDatabase(history);
  database = testDatabase.database;
  operate = testDatabase.as('oncepay_operate');
}

async function verify(full = false) {
  const { payments, transactions, invariants } = await verifyDatabase(operate, { full });
  const broken = invariants.flatMap(({ violation }) => (violation === undefined ? [] : [violation]));
  return { payments, transactions, broken };
}

const brokenOf = async (full = false) => (await verify(full)).broken.map(({ invariant }) => invariant);
const tamper = async (sql: string) => {
  await database.execute(
    `set session_replication_role = 'replica'; ${sql}; set session_replication_role = 'origin'`,
    {},
  );
};

describe('a verification', () => {
  beforeEach(clone);
  afterEach(() => testDatabase.drop());

  test('looks at everything first, and then at what came or was open since', async () => {
    const first = await verify();
    expect(first).toMatchObject({ payments: PAYMENTS, broken: [] });
    expect(first.transactions).toBeGreaterThan(PAYMENTS * 0.9);

    const { orders } = await storePayment(database, newOrder());
    await new ExecutorHarness(database).execute(...orders.map((order) => recordOf(order)));
    const second = await verify();
    expect(second.broken).toEqual([]);
    expect(second.payments).toBeGreaterThan(0);
    expect(second.payments).toBeLessThan(PAYMENTS / 5);
    expect(second.transactions).toBe(1);

    expect(await verify(true)).toMatchObject({ payments: PAYMENTS + 1, broken: [] });
  });

  test('sees what broke in a payment that was open the last time', async () => {
    await verify();
    const [row] = await database.execute(
      `select payment_id from payment where status = 'NOT_STARTED' order by payment_id limit 1`,
      {},
    );
    await moveClock(database, 24 * HOUR);
    await verify();
    await tamper(
      `update payment_order set status = 'SUCCESS', status_detail = null where payment_id = '${row?.payment_id}'`,
    );
    expect(await brokenOf()).toContain('an order’s status agrees with its instruction’s state');
  });

  test('sees in an old payment only by --full what somebody changed by hand', async () => {
    await verify();
    await tamper(
      `update payment set orders_failed = orders_failed + 1, orders_succeeded = orders_succeeded - 1
       where payment_id = (select min(payment_id) from payment where status = 'SUCCESS')`,
    );
    expect(await brokenOf()).toEqual([]);
    expect(await brokenOf(true)).toEqual(['a payment counts its orders by their status']);
  });

  test('tells again what is broken until it is put right', async () => {
    await verify();
    const { paymentId } = await storePayment(database, newOrder());
    await tamper(`update payment set orders_started = 1 where payment_id = '${paymentId}'`);
    await moveClock(database, HOUR);
    expect(await brokenOf()).toContain('a payment counts its orders by their status');
    expect(await brokenOf()).toContain('a payment counts its orders by their status');
  });

  test('sees a balance that is off, however old its entries are', async () => {
    await verify();
    await tamper(
      `update account_balance set posted_credits = posted_credits + 1
       where account_owner = (select min(account_owner) from account_balance where account_kind = 'seller_payable')
         and posted_credits > 0 and currency = 'USD' and merchant_id = 'mer_busy'`,
    );
    expect(await brokenOf()).toEqual(['every balance is the sum of its entries']);
  });

  test('adds no entry to its sums twice where two run at once', async () => {
    await Promise.all([verify(), verify()]);
    expect(await brokenOf()).toEqual([]);
    expect(await brokenOf(true)).toEqual([]);
  });
});

describe('what waits for a pause', () => {
  const OVERDUE = expect.stringContaining('nothing is overdue');
  beforeEach(async () => {
    await clone();
    await database.execute("update instruction set last_sent_at = last_sent_at + interval '1 year'", {});
    await pause(operate, 'psp:simulator', OPERATOR);
    await generateParked(testDatabase.url, 3, 'pause:psp:simulator');
  });
  afterEach(() => testDatabase.drop());

  test('is not overdue while the pause stands', async () => {
    await moveClock(database, 24 * HOUR);
    expect(await brokenOf()).toEqual([]);
  });

  test('is overdue half an hour after the pause was lifted, and not before', async () => {
    await moveClock(database, 24 * HOUR);
    await resume(operate, 'psp:simulator', OPERATOR);
    await moveClock(database, 24 * HOUR + 1_700);
    expect(await brokenOf()).toEqual([]);
    await moveClock(database, 24 * HOUR + 1_900);
    const { broken } = await verify();
    expect(broken).toMatchObject([{ invariant: OVERDUE, count: 3 }]);
  });

  test('is overdue where nothing is known of its pause', async () => {
    await tamper(`delete from processing_pause`);
    await moveClock(database, 24 * HOUR);
    expect(await brokenOf()).toEqual([OVERDUE]);
  });
});

test('what waits for a circuit that closed half an hour ago is overdue', async () => {
  await clone();
  await database.execute("update instruction set last_sent_at = last_sent_at + interval '1 year'", {});
  await generateParked(testDatabase.url, 3, 'circuit:simulator');
  await database.execute(`insert into psp_circuit (psp, changed_at) values ('simulator', clock())`, {});
  await moveClock(database, 1_700);
  expect(await brokenOf()).toEqual([]);
  await moveClock(database, 1_900);
  expect((await verify()).broken).toMatchObject([{ count: 3 }]);
  await testDatabase.drop();
});

test('what waits for a PSP’s rate is overdue half an hour after the PSP last limited it', async () => {
  await clone();
  await database.execute("update instruction set last_sent_at = last_sent_at + interval '1 year'", {});
  await generateParked(testDatabase.url, 3, 'rate:simulator');
  await moveClock(database, 2 * HOUR);
  await database.execute(
    `insert into psp_limiter (psp, spacing_ms, limited_at, recovers_from, next_call_at)
     values ('simulator', 10000, clock(), clock(), clock())`,
    {},
  );
  await moveClock(database, 2 * HOUR + 1_700);
  expect(await brokenOf()).toEqual([]);
  await moveClock(database, 2 * HOUR + 1_900);
  expect((await verify()).broken).toMatchObject([{ count: 3 }]);
  await testDatabase.drop();
});
