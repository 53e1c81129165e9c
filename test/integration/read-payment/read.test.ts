import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { pageOfPayments, showPayment } from '../../../lambdas/read-payment/read.ts';
import { ExecutorHarness, recordOf } from '../../support/executor.ts';
import { MERCHANT, newOrder, newPayment, storeAgain, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let database: Database;
const paymentIds: string[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
  for (let created = 0; created < 25; created += 1) {
    const payment = await storePayment(database, newOrder(), newOrder());
    paymentIds.unshift(payment.paymentId);
  }
});
afterAll(() => testDatabase.drop());

/** A payment of another merchant, who has no other. */
async function storeOnlyPaymentOf(merchantId: string) {
  const payment = newPayment([newOrder()], merchantId);
  await storeAgain(database, payment);
  return payment;
}

async function pages(query: Parameters<typeof pageOfPayments>[2], merchantId = MERCHANT): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await pageOfPayments(database, merchantId, {
      ...query,
      ...(cursor === undefined ? {} : { cursor }),
    });
    seen.push(...page.data.map((payment) => payment.id));
    expect(page.has_more).toBe(page.next_cursor !== null);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return seen;
}

test('pages follow each other without a gap or a repeat, newest first', async () => {
  expect(await pages({ limit: '7' })).toEqual(paymentIds);
  expect(await pages({ limit: '25' })).toEqual(paymentIds);
});

test('a status filter finds exactly those, and follows their changes', async () => {
  const { paymentId, orders } = await storeOnlyPaymentOf('mer_status');
  expect(await pages({ status: 'NOT_STARTED' }, 'mer_status')).toEqual([paymentId]);
  await new ExecutorHarness(database).execute(...orders.map((order) => recordOf(order)));

  expect(await pages({ status: 'SUCCESS' }, 'mer_status')).toEqual([paymentId]);
  expect(await pages({ status: 'NOT_STARTED' }, 'mer_status')).toEqual([]);
  expect(await pages({ status: 'FAILED' }, 'mer_status')).toEqual([]);
  expect(await pages({ status: 'NOT_STARTED', limit: '10' })).toEqual(paymentIds);
});

test('created_from includes its moment and created_to excludes it', async () => {
  const [newest, second] = await Promise.all(
    paymentIds.slice(0, 2).map((id) => showPayment(database, MERCHANT, id)),
  );
  if (newest === undefined || second === undefined) throw new Error('two payments were stored');

  const found = await pages({
    created_from: second.created_at,
    created_to: newest.created_at,
    status: 'NOT_STARTED',
  });

  expect(found).not.toContain(newest.id);
});

test('one payment has the timeline of each order', async () => {
  const { paymentId, orders } = await storeOnlyPaymentOf('mer_timeline');
  await new ExecutorHarness(database).execute(...orders.map((order) => recordOf(order)));

  const shown = await showPayment(database, 'mer_timeline', paymentId);

  expect(shown?.payment_orders[0]?.timeline).toEqual([
    expect.objectContaining({ attempt_no: 1, action: 'send', outcome: 'succeeded' }),
  ]);
});

test('one payment has the money that moved, and what was captured of each order', async () => {
  const { paymentId, orders } = await storeOnlyPaymentOf('mer_moved');
  const [before] = (await showPayment(database, 'mer_moved', paymentId))?.payment_orders ?? [];
  expect(before).toMatchObject({ amount_captured: 0, amount_refunded: 0, movements: [] });

  await new ExecutorHarness(database).execute(...orders.map((order) => recordOf(order)));

  const [order] = (await showPayment(database, 'mer_moved', paymentId))?.payment_orders ?? [];
  expect(order).toMatchObject({ amount_captured: 15_000, amount_refunded: 0 });
  expect(order?.movements).toEqual([
    {
      id: expect.stringMatching(/^mov_[0-9a-f]{32}$/),
      kind: 'charge',
      amount: 15_000,
      currency: 'KRW',
      occurred_at: expect.stringMatching(/^\d{4}-.*Z$/),
      available_at: null,
    },
  ]);
  const [listed] = (await pageOfPayments(database, 'mer_moved', {})).data;
  expect(listed?.payment_orders[0]).not.toHaveProperty('movements');
  expect(listed?.payment_orders[0]).toMatchObject({ amount_captured: 15_000 });
});

test('another merchant finds nothing', async () => {
  expect(await showPayment(database, 'mer_other', paymentIds[0] ?? '')).toBeUndefined();
  expect((await pageOfPayments(database, 'mer_other', {})).data).toEqual([]);
});
