import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GatheringMeter } from '../../../adapters/metrics/meter.ts';
import { measurePipeline } from '../../../lambdas/measure-pipeline/measure.ts';
import { EventReceiver } from '../../support/event-receiver.ts';
import { eventBody } from '../../support/events.ts';
import { ExecutorHarness, recordOf, succeeded } from '../../support/executor.ts';
import { moveClock, newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
// A database for each test: what is measured is all that there is.
beforeEach(async () => {
  testDatabase = await createTestDatabase();
});
afterEach(() => testDatabase.drop());

async function measure(isIdle = false) {
  const meter = new GatheringMeter();
  const broken: [string, bigint][] = [];
  await measurePipeline({
    database: testDatabase.as('oncepay_measure'),
    activity: { isIdle: async () => isIdle },
    meter,
    outOfBalance: (currency, difference) => broken.push([currency, difference]),
  });
  const values = meter.drain().map(({ metric, of, values: [value] }) => [of ?? metric, metric, value]);
  const of = (metric: string) =>
    Object.fromEntries(values.filter(([, name]) => name === metric).map(([key, , value]) => [key, value]));
  return { of, broken, names: new Set(values.map(([, name]) => name)) };
}

test('nothing under way is measured as nothing, and a sleeping stage is left asleep', async () => {
  const { of } = await measure();
  expect(of('OrdersOpen')).toEqual({ OrdersOpen: 0 });
  expect(of('OldestUnknown')).toEqual({ OldestUnknown: 0 });
  expect(of('CurrenciesOutOfBalance')).toEqual({ CurrenciesOutOfBalance: 0 });
  expect((await measure(true)).names).toEqual(new Set(['MeasureRuns']));
});

test('an unknown outcome is measured with its age and its money, by currency, until it is known', async () => {
  const { database } = testDatabase;
  const harness = new ExecutorHarness(database);
  const orders = [newOrder({ amountMinor: 500n }), newOrder({ amountMinor: 7n, currency: 'USD' })];
  const { orders: stored } = await storePayment(database, ...orders);
  harness.psp.onCharge = async () => ({ kind: 'unknown', reason: 'no answer' });
  await harness.execute(...stored.map((order) => recordOf(order)));
  await moveClock(database, 600);

  const { of } = await measure();

  expect(of('OrdersUnknown')).toEqual({ OrdersUnknown: 2 });
  expect(of('MoneyInUnknown')).toEqual({ KRW: 500, USD: 7 });
  expect(of('OldestUnknown').OldestUnknown).toBeGreaterThanOrEqual(600);
  expect(of('OldestOpenOrder').OldestOpenOrder).toBeGreaterThanOrEqual(600);
  harness.psp.onCharge = async (request) => succeeded(request);
  await harness.execute(...stored.map((order) => recordOf(order)));
  expect((await measure()).of('OrdersUnknown')).toEqual({ OrdersUnknown: 0 });
  const counted = harness.meter.drain().map(({ metric, of: psp, values }) => [metric, psp, values.length]);
  expect(counted).toContainEqual(['OutcomesUnknown', 'simulator', 1]);
  expect(counted).toContainEqual(['TimeToTerminal', 'simulator', 2]);
});

test('an open circuit is measured as open, and what a PSP never failed as nothing', async () => {
  const { database } = testDatabase;
  const harness = new ExecutorHarness(database);
  harness.psp.onCharge = async () => ({ kind: 'misconfigured', reason: 'wrong key' });
  const { orders } = await storePayment(database);
  await harness.execute(...orders.map((order) => recordOf(order)));

  expect((await measure()).of('CircuitOpen')).toEqual({ simulator: 1 });
  await database.execute('update psp_circuit set open_until = null', {});
  expect((await measure()).of('CircuitOpen')).toEqual({ simulator: 0 });
});

test('a quarantined instruction waits for a person, with its age', async () => {
  const { database } = testDatabase;
  const harness = new ExecutorHarness(database);
  harness.psp.onCharge = async (request) => ({
    kind: 'succeeded',
    charge: { pspReference: 'ch', reference: request.reference, amountMinor: 1n, currency: 'KRW' },
  });
  const { orders } = await storePayment(database);
  await harness.execute(...orders.map((order) => recordOf(order)));
  await moveClock(database, 3_600);

  const { of } = await measure();

  expect(of('WaitingForPerson')).toEqual({ WaitingForPerson: 1 });
  expect(of('LongestWaitForPerson').LongestWaitForPerson).toBeGreaterThanOrEqual(3_600);
});

test('a currency whose debits and credits differ is counted, named and logged with its difference', async () => {
  const { database } = testDatabase;
  await database.execute(
    `insert into account_balance (merchant_id, account_kind, account_owner, currency, shard, posted_debits)
     values ('mer_broken', 'suspense', 'x', 'JPY', 0, 3)`,
    {},
  );

  const { of, broken } = await measure();

  expect(of('CurrenciesOutOfBalance')).toEqual({ CurrenciesOutOfBalance: 1 });
  expect(of('TrialBalanceDifference')).toMatchObject({ JPY: 3 });
  expect(broken).toEqual([['JPY', 3n]]);
});

describe('the events of an account', () => {
  const HOUR = 3_600;

  /** Of `simulator`, whose buyer has not acted yet. */
  async function paymentThatWaits(): Promise<void> {
    const harness = new ExecutorHarness(testDatabase.database);
    harness.psp.onCharge = async () => ({
      kind: 'requires_action',
      pspReference: 'ch_1',
      redirectUrl: 'https://psp.example/pay',
    });
    const [order] = (await storePayment(testDatabase.database, newOrder())).orders;
    if (order === undefined) throw new Error('a payment has an order');
    await harness.execute(recordOf(order));
  }

  const receive = (account: string) =>
    new EventReceiver(testDatabase.as('oncepay_receive')).receive(eventBody(), { account });

  test('are measured by the age of the newest, of each that ever sent one', async () => {
    expect((await measure()).of('NewestEventAge')).toEqual({});
    await receive('simulator');
    await moveClock(testDatabase.database, HOUR);
    await receive('simulator_2');
    const { of } = await measure();
    expect(of('NewestEventAge')).toEqual({ simulator: expect.closeTo(HOUR, -1), simulator_2: 0 });
    expect(of('EventsStopped')).toEqual({ simulator: 0, simulator_2: 0 });
  });

  test('have stopped if there was none for six hours, and a payment waits', async () => {
    await receive('simulator');
    await receive('simulator_2');
    await moveClock(testDatabase.database, 5 * HOUR);
    await paymentThatWaits();
    await moveClock(testDatabase.database, 6 * HOUR + 60);
    expect((await measure()).of('EventsStopped')).toEqual({ simulator: 1, simulator_2: 0 });
    await receive('simulator');
    expect((await measure()).of('EventsStopped')).toEqual({ simulator: 0, simulator_2: 0 });
  });

  test('have not stopped while nothing waits, or not for long', async () => {
    await receive('simulator');
    await moveClock(testDatabase.database, 24 * HOUR);
    expect((await measure()).of('EventsStopped')).toEqual({ simulator: 0 });
    await paymentThatWaits();
    expect((await measure()).of('EventsStopped')).toEqual({ simulator: 0 });
  });

  test('of an account that never sent one are not missed', async () => {
    await paymentThatWaits();
    await moveClock(testDatabase.database, 24 * HOUR);
    expect((await measure()).of('EventsStopped')).toEqual({});
  });
});

test('money that belongs to no seller is measured by currency, beside books that balance', async () => {
  await testDatabase.database.execute(
    `insert into account_balance (merchant_id, account_kind, account_owner, currency, shard, posted_debits, posted_credits)
     values ('mer_one', 'psp_receivable', 'simulator', 'EUR', 0, 700, 0),
            ('mer_one', 'unallocated_seller_funds', 'platform', 'EUR', 0, 0, 700),
            ('mer_one', 'psp_receivable', 'simulator', 'KRW', 0, 5, 0), ('mer_one', 'seller_payable', 's', 'KRW', 0, 0, 5)`,
    {},
  );
  const { of } = await measure();
  expect(of('CurrenciesUnallocated')).toEqual({ CurrenciesUnallocated: 1 });
  expect(of('UnallocatedFunds')).toEqual({ EUR: 700, KRW: 0 });
  expect(of('CurrenciesOutOfBalance')).toEqual({ CurrenciesOutOfBalance: 0 });
});

test('what a PSP lists otherwise than we booked it is measured while it is open, and a payment under way not for a day', async () => {
  const { database } = testDatabase;
  await database.execute(
    `insert into movement_discrepancy (discrepancy_id, psp_account, reason, kind, amount_minor, currency, occurred_at, psp_entry_id,
                                       noted_at, resolved_at)
     values ('dsc_1', 'simulator', 'unknown', 'charge', 1, 'EUR', clock(), 'txn_1', clock(), null),
            ('dsc_2', 'simulator', 'unknown', 'charge', 1, 'EUR', clock(), 'txn_2', clock(), clock()),
            ('dsc_3', 'simulator', 'not_finished', 'charge', 1, 'EUR', clock(), 'txn_3', clock(), null)`,
    {},
  );
  expect((await measure()).of('DiscrepanciesOpen')).toEqual({ DiscrepanciesOpen: 1 });
  await moveClock(database, 24 * 3_600 + 1);
  expect((await measure()).of('DiscrepanciesOpen')).toEqual({ DiscrepanciesOpen: 2 });
});
