import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import { systemIds } from '../../../adapters/ids.ts';
import { PSP_SIMULATOR_ABILITIES } from '../../../adapters/psp/simulator/abilities.ts';
import type { InstructionMessage } from '../../../adapters/sqs/instruction-queue.ts';
import { type AcceptEffects, acceptPayment } from '../../../lambdas/accept-payment/accept.ts';
import type { PaymentRequest } from '../../../lambdas/accept-payment/schema.ts';
import { moveClock } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let database: Database;
const sent: InstructionMessage[] = [];
let effects: AcceptEffects;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
  effects = {
    database,
    queue: {
      send: async (messages) => {
        sent.push(...messages);
        return [];
      },
    },
    activity: alwaysActive,
    ids: systemIds,
    amountCaps: {},
    abilities: new Map([['simulator', PSP_SIMULATOR_ABILITIES]]),
    now: Date.now,
    sendFailed: () => {},
  };
});
afterAll(() => testDatabase.drop());

let references = 0;

function request(overrides: Partial<PaymentRequest> = {}): PaymentRequest {
  references += 1;
  return {
    merchant_reference: `reference-${references}`,
    buyer_id: 'buyer_1',
    payment_method: 'sim_ok',
    payment_orders: [{ amount: 15_000, currency: 'KRW', seller_id: 'seller_1' }],
    ...overrides,
  };
}

function from(merchantId: string, idempotencyKey: string) {
  return {
    merchantId,
    idempotencyKey,
    correlationId: `request of ${idempotencyKey}`,
    apiUrl: 'https://api.example/v1',
  };
}

async function count(table: string): Promise<number> {
  const [row] = await database.execute(`select count(*)::int as rows from ${table}`, {});
  return Number(row?.rows);
}

test('fifty requests at once with one key make one payment and fifty equal answers', async () => {
  const before = await count('payment');
  const same = request();

  const accepted = await Promise.all(
    Array.from({ length: 50 }, () => acceptPayment(same, from('mer_1', 'key-50'), effects)),
  );

  expect(new Set(accepted.map(({ answer }) => answer.body)).size).toBe(1);
  expect(accepted.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
  expect(await count('payment')).toBe(before + 1);
});

test('the same key with another body is refused, whatever was first', async () => {
  await acceptPayment(request(), from('mer_1', 'key-reused'), effects);

  await expect(acceptPayment(request(), from('mer_1', 'key-reused'), effects)).rejects.toMatchObject({
    code: 'idempotency_key_reused',
  });
});

describe('what the PSP account doesn’t take', () => {
  const takesNothing = () => ({ ...effects, abilities: new Map() });

  test('is refused, and leaves no row', async () => {
    const rows = [await count('payment'), await count('idempotency_key')];
    await expect(acceptPayment(request(), from('mer_1', 'key-limits'), takesNothing())).rejects.toMatchObject(
      {
        code: 'invalid_request',
      },
    );
    expect([await count('payment'), await count('idempotency_key')]).toEqual(rows);
  });

  test('is replayed if it was accepted before the account’s limits changed', async () => {
    const same = request();
    const first = await acceptPayment(same, from('mer_1', 'key-changed-limits'), effects);
    const again = await acceptPayment(same, from('mer_1', 'key-changed-limits'), takesNothing());
    expect(again).toMatchObject({ isReplay: true, answer: { body: first.answer.body } });
  });
});

test('another merchant’s same key and same reference do not collide', async () => {
  const same = request();
  const one = await acceptPayment(same, from('mer_1', 'key-shared'), effects);
  const other = await acceptPayment(same, from('mer_2', 'key-shared'), effects);

  expect(other.isReplay).toBe(false);
  expect(other.answer.location).not.toBe(one.answer.location);
});

test('a merchant reference can never be reused, and the refused request leaves no row', async () => {
  const first = request();
  await acceptPayment(first, from('mer_1', 'key-first'), effects);
  const rows = [await count('payment'), await count('idempotency_key'), await count('instruction')];

  await expect(acceptPayment(first, from('mer_1', 'key-second'), effects)).rejects.toMatchObject({
    code: 'duplicate_merchant_reference',
  });

  expect([await count('payment'), await count('idempotency_key'), await count('instruction')]).toEqual(rows);
});

test('a key is free again after thirty days', async () => {
  await acceptPayment(request(), from('mer_1', 'key-old'), effects);
  await moveClock(database, 30 * 24 * 3600 + 60);

  expect((await acceptPayment(request(), from('mer_1', 'key-old'), effects)).isReplay).toBe(false);

  await moveClock(database, 0);
});

test('one message per order is sent, each in the group of its order', async () => {
  const three = request({
    payment_orders: [1, 2, 3].map((amount) => ({ amount, currency: 'USD', seller_id: 'seller_1' })),
  });
  sent.length = 0;

  const { payment } = await acceptPayment(three, from('mer_1', 'key-three'), effects);

  expect(sent.map((message) => [message.groupId, message.sendNumber])).toEqual(
    payment.orders.map((order) => [order.paymentOrderId, 0]),
  );
});

test('a send that fails after the commit is answered all the same', async () => {
  const failures: string[] = [];
  const broken: AcceptEffects = {
    ...effects,
    queue: { send: async () => Promise.reject(new Error('SQS is away')) },
    sendFailed: (paymentId) => failures.push(paymentId),
  };

  const accepted = await acceptPayment(request(), from('mer_1', 'key-unsent'), broken);

  expect(accepted.answer.status).toBe(202);
  expect(failures).toEqual([accepted.payment.paymentId]);
});

test('an amount of 2^53-1 is stored to the last digit', async () => {
  const largest = Number.MAX_SAFE_INTEGER;
  const { payment } = await acceptPayment(
    request({ payment_orders: [{ amount: largest, currency: 'KRW', seller_id: 'seller_1' }] }),
    from('mer_1', 'key-largest'),
    effects,
  );

  const [row] = await database.execute(
    `select amount_minor::text as amount from payment_order where payment_id = :input::jsonb ->> 'id'`,
    { id: payment.paymentId },
  );
  expect(row?.amount).toBe('9007199254740991');
});

test('a buyer is to come back through us, and then to the merchant', async () => {
  const accepted = await acceptPayment(
    { ...request(), return_url: 'https://shop.example/done' },
    from('mer_1', 'key-return'),
    effects,
  );
  const [row] = await testDatabase.database.execute(
    `select request::text as request from instruction where payment_id = :input::jsonb ->> 'id'`,
    { id: accepted.payment.paymentId },
  );
  expect(JSON.parse(String(row?.request))).toMatchObject({
    return_url: 'https://shop.example/done',
    returns_at: 'https://api.example/v1/returns',
  });
});
