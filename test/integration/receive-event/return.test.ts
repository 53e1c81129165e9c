import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemIds } from '../../../adapters/ids.ts';
import type { InstructionMessage } from '../../../adapters/sqs/instruction-queue.ts';
import { type ReturnEffects, returnFromPsp } from '../../../lambdas/receive-event/return.ts';
import { newOrder, newPayment, storeAgain } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let effects: ReturnEffects;
const sent: InstructionMessage[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  effects = {
    database: testDatabase.as('oncepay_receive'),
    activity: { touch: async () => {} },
    takesRealMoney: true,
    queue: {
      send: async (messages) => {
        sent.push(...messages);
        return [];
      },
    },
    sendFailed: () => {},
  };
});
afterAll(() => testDatabase.drop());

/** @returns the payment's id and its order's */
async function stored(returnUrl?: string): Promise<{ paymentId: string; orderId: string }> {
  const payment = { ...newPayment([newOrder()]), ...(returnUrl === undefined ? {} : { returnUrl }) };
  await storeAgain(testDatabase.database, payment);
  return { paymentId: payment.paymentId, orderId: payment.orders[0]?.paymentOrderId ?? '' };
}

test('a buyer who comes back is sent to the address that was given with the payment', async () => {
  const { paymentId, orderId } = await stored('https://shop.example/done?order=1');
  expect(await returnFromPsp(orderId, effects)).toEqual({
    status: 303,
    headers: {
      Location: `https://shop.example/done?order=1&payment_id=${paymentId}`,
      'Referrer-Policy': 'no-referrer',
    },
    body: '',
  });
});

test('a buyer whose shop gave no address sees a page', async () => {
  const { orderId } = await stored();
  expect(await returnFromPsp(orderId, effects)).toMatchObject({
    status: 200,
    body: expect.stringContaining('being confirmed'),
  });
});

test.each(['ord_1', systemIds.next('ord'), 'pay_1', ''])('with %j there is nothing', async (id) => {
  expect(await returnFromPsp(id, effects)).toMatchObject({ status: 404 });
});
