import { afterAll, beforeAll, expect, test } from 'vitest';
import { pageOfPayments } from '../../../lambdas/read-payment/read.ts';
import { DataApi } from '../../support/data-api.ts';
import { MERCHANT, newOrder, newPayment, storeAgain } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

const PAYMENTS = 48;
const PAYMENT_BYTES = 22_500;

let testDatabase: TestDatabase;
let dataApi: DataApi;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  dataApi = await DataApi.start(testDatabase);
  for (let created = 0; created < PAYMENTS; created += 1) {
    const payment = newPayment([newOrder()]);
    await storeAgain(testDatabase.database, { ...payment, metadata: { note: 'x'.repeat(PAYMENT_BYTES) } });
  }
});
afterAll(async () => {
  await dataApi.close();
  await testDatabase.drop();
});

test('a page of payments that the Data API refuses for its size comes as a smaller one, and the rest after it', async () => {
  const database = dataApi.database(testDatabase.name);
  const sizes: number[] = [];
  let cursor: string | undefined;
  do {
    const more = cursor === undefined ? {} : { cursor };
    const page = await pageOfPayments(database, MERCHANT, { limit: '100', ...more });
    sizes.push(page.data.length);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);

  expect(sizes).toEqual([25, 23]);
});
