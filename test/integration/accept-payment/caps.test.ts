import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { clearCap, listCaps, setCap } from '../../../adapters/database/statements/amount-caps.ts';
import { listOperations } from '../../../adapters/database/statements/operation-log.ts';
import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import { systemIds } from '../../../adapters/ids.ts';
import { PSP_SIMULATOR_ABILITIES } from '../../../adapters/psp/simulator/abilities.ts';
import { type AcceptEffects, acceptPayment } from '../../../lambdas/accept-payment/accept.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let database: Database;
const OPERATOR = { actor: 'ann', reason: 'a test', origin: 'here' };

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
});
beforeEach(async () => {
  for (const { merchant_id, currency } of await listCaps(database))
    await clearCap(database, { merchantId: merchant_id, currency }, OPERATOR);
});
afterAll(() => testDatabase.drop());

let payments = 0;

/** Asks for these amounts, one order each, under a stage that allows 1,000 KRW. */
function pay(
  amounts: readonly number[],
  {
    currency = 'KRW',
    merchant = 'mer_1',
    key = '',
  }: { currency?: string; merchant?: string; key?: string } = {},
) {
  payments += 1;
  const effects: AcceptEffects = {
    database,
    queue: { send: async () => [] },
    activity: alwaysActive,
    ids: systemIds,
    amountCaps: { KRW: '1000' },
    abilities: new Map([['simulator', PSP_SIMULATOR_ABILITIES]]),
    now: Date.now,
    sendFailed: () => {},
  };
  const request = {
    merchant_reference: key === '' ? `cap-${payments}` : key,
    buyer_id: 'buyer',
    payment_method: 'sim_ok',
    payment_orders: amounts.map((amount) => ({ amount, currency, seller_id: 'seller' })),
  };
  const origin = {
    merchantId: merchant,
    idempotencyKey: key === '' ? `key-${payments}` : key,
    correlationId: `request-${payments}`,
    apiUrl: 'https://api.example/v1',
  };
  return acceptPayment(request, origin, effects);
}

async function rows(): Promise<unknown> {
  const [counted] = await database.execute(
    `select (select count(*) from payment)::int as payments, (select count(*) from idempotency_key)::int as keys,
            (select count(*) from instruction)::int as instructions`,
    {},
  );
  return counted;
}

const OVER = { code: 'amount_cap_exceeded' };

describe('a payment', () => {
  test('up to the stage’s cap is accepted, and over it refused with the cap, leaving no row', async () => {
    await pay([1_000]);
    const before = await rows();

    await expect(pay([1_001])).rejects.toMatchObject({
      ...OVER,
      message: expect.stringContaining('has a total of 1,001 KRW; the cap is 1,000 KRW'),
      errors: [{ pointer: '/payment_orders', detail: 'sum to 1,001 KRW; the cap is 1,000 KRW' }],
    });

    expect(await rows()).toEqual(before);
  });

  test('is not made smaller by cutting it into orders', async () => {
    await expect(pay([600, 600])).rejects.toMatchObject(OVER);
  });

  test('in a currency without a cap may have any amount', async () => {
    await pay([Number.MAX_SAFE_INTEGER], { currency: 'USD' });
  });

  test('is limited by its merchant’s cap, else the cap for all, else the stage’s', async () => {
    await setCap(database, { merchantId: '*', currency: 'KRW', maxAmountMinor: 2_000n }, OPERATOR);
    await setCap(database, { merchantId: 'mer_big', currency: 'KRW', maxAmountMinor: 3_000n }, OPERATOR);

    await pay([2_000]);
    await expect(pay([2_001])).rejects.toMatchObject(OVER);
    await pay([3_000], { merchant: 'mer_big' });
    await expect(pay([3_001], { merchant: 'mer_big' })).rejects.toMatchObject(OVER);
  });

  test('accepted before the cap was lowered is still replayed', async () => {
    const first = await pay([900], { key: 'kept' });
    await setCap(database, { merchantId: 'mer_1', currency: 'KRW', maxAmountMinor: 1n }, OPERATOR);

    const again = await pay([900], { key: 'kept' });

    expect(again).toMatchObject({ isReplay: true, answer: { body: first.answer.body } });
  });
});

test('a cap is set, replaced and cleared, each logged with operator, origin and reason', async () => {
  const key = { merchantId: 'mer_log', currency: 'USD' };
  expect(await setCap(database, { ...key, maxAmountMinor: 10n }, OPERATOR)).toBeUndefined();
  expect(await setCap(database, { ...key, maxAmountMinor: 20n }, OPERATOR)).toBe(10n);
  expect(await clearCap(database, key, OPERATOR)).toBe(true);
  expect(await clearCap(database, key, OPERATOR)).toBe(false);

  const log = await listOperations(database, { subject: 'cap:mer_log:USD', limit: 10 });

  expect(log.map(({ action, reason }) => [action, reason])).toEqual([
    ['cap_cleared', 'a test'],
    ['cap_set', '20 minor units: a test'],
    ['cap_set', '10 minor units: a test'],
  ]);
  expect(log[0]).toMatchObject({ actor: 'ann', origin: 'here' });
});
