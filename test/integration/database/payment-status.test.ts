import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(() => testDatabase.drop());

/** Orders of one payment: in all, started, succeeded, failed. */
test.each<[number, number, number, number, string]>([
  [1, 0, 0, 0, 'NOT_STARTED'],
  [1, 1, 0, 0, 'EXECUTING'],
  [1, 1, 1, 0, 'SUCCESS'],
  [1, 1, 0, 1, 'FAILED'],
  [3, 0, 0, 0, 'NOT_STARTED'],
  [3, 1, 0, 0, 'EXECUTING'],
  [3, 1, 1, 0, 'EXECUTING'],
  [3, 2, 0, 1, 'EXECUTING'],
  [3, 3, 1, 1, 'EXECUTING'],
  [3, 3, 3, 0, 'SUCCESS'],
  [3, 3, 0, 3, 'FAILED'],
  [3, 3, 2, 1, 'PARTIAL_SUCCESS'],
  [3, 3, 1, 2, 'PARTIAL_SUCCESS'],
])('of %i orders, %i started, %i succeeded and %i failed: the payment is %5$s', async (...given) => {
  const [total, started, succeeded, failed, status] = given;
  const [row] = await testDatabase.database.execute(
    `insert into payment (payment_id, merchant_id, merchant_reference, buyer_id, payment_method, metadata, created_at,
                          orders_total, orders_started, orders_succeeded, orders_failed)
     select r.id, 'mer_one', r.id, 'buyer', 'sim_ok', '{}', clock(), r.total, r.started, r.succeeded, r.failed
     from jsonb_to_record(:input::jsonb)
       as r(id text, total smallint, started smallint, succeeded smallint, failed smallint)
     returning status`,
    { id: `pay_${given.join('_')}`, total, started, succeeded, failed },
  );
  expect(row?.status).toBe(status);
});
