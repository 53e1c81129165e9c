import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NewPayment } from '../../../adapters/database/statements/accept-payment.ts';
import { systemIds } from '../../../adapters/ids.ts';
import { MERCHANT, newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
/** Whoever holds the login that accepts, and may act for any merchant. */
let thief: pg.Client;
let victim: NewPayment;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const options = '-c role=oncepay_accept';
  thief = new pg.Client({ connectionString: testDatabase.url, options });
  await thief.connect();
});
afterAll(async () => {
  await thief.end();
  await testDatabase.drop();
});
beforeEach(async () => {
  victim = await storePayment(testDatabase.as('oncepay_accept'), newOrder(), newOrder());
  await thief.query('begin');
  await actFor(MERCHANT);
});
afterEach(() => thief.query('rollback'));

async function actFor(merchantId: string): Promise<void> {
  await thief.query(`select set_config('oncepay.merchant_id', $1, true)`, [merchantId]);
}

const insertPayment = (paymentId: string, merchantId = MERCHANT) =>
  thief.query(
    `insert into payment (payment_id, merchant_id, merchant_reference, buyer_id, payment_method, metadata, created_at,
       orders_total) values ($1::text, $2, $1::text, 'thief', 'sim_ok', '{}', now(), 1)`,
    [paymentId, merchantId],
  );

const insertOrder = (orderId: string, paymentId: string, position = 0, merchantId = MERCHANT) =>
  thief.query(
    `insert into payment_order (payment_order_id, payment_id, merchant_id, position, amount_minor, currency, splits,
       is_split, psp_account, created_at, updated_at)
     values ($1, $2, $3, $4, 1, 'KRW', '[{"seller_id":"thief","amount_minor":"1"}]', false, 'simulator', now(), now())`,
    [orderId, paymentId, merchantId, position],
  );

const insertInstruction = (
  instructionId: string,
  orderId: string,
  paymentId: string,
  merchantId = MERCHANT,
) =>
  thief.query(
    `insert into instruction (instruction_id, group_id, payment_order_id, payment_id, merchant_id, operation, psp_account,
       amount_minor, currency, splits, request, request_version, not_before, last_sent_at)
     values ($1, $2, $2, $3, $4, 'charge', 'simulator', 1, 'KRW', '[]', '{}', 1, now(), now())`,
    [instructionId, orderId, paymentId, merchantId],
  );

const NOT_ITS_PAYMENT = { code: '23503', constraint: 'payment_order_comes_with_its_payment' };

describe('the login accept can’t add an order', () => {
  test('to an existing payment of its merchant', async () => {
    await expect(insertOrder(systemIds.next('ord'), victim.paymentId, 2)).rejects.toMatchObject(
      NOT_ITS_PAYMENT,
    );
  });

  test('to a payment of its own after its transaction', async () => {
    const paymentId = systemIds.next('pay');
    await insertPayment(paymentId);
    await thief.query('commit');
    await thief.query('begin');
    await actFor(MERCHANT);
    await expect(insertOrder(systemIds.next('ord'), paymentId)).rejects.toMatchObject(NOT_ITS_PAYMENT);
  });

  test('of one merchant to a new payment of another', async () => {
    const paymentId = systemIds.next('pay');
    await insertPayment(paymentId);
    await actFor('mer_thief');
    await expect(insertOrder(systemIds.next('ord'), paymentId, 0, 'mer_thief')).rejects.toMatchObject(
      NOT_ITS_PAYMENT,
    );
  });

  test('by changing a payment, which would make it one of this transaction', async () => {
    await expect(
      thief.query('update payment set metadata = metadata where payment_id = $1', [victim.paymentId]),
    ).rejects.toMatchObject({ code: '42501' });
  });
});

test('a payment created in one transaction is accepted, with its order in the same or a later statement', async () => {
  const [paymentId, orderId] = [systemIds.next('pay'), systemIds.next('ord')];
  await insertPayment(paymentId);
  await insertOrder(orderId, paymentId);
  await insertInstruction(systemIds.next('ins'), orderId, paymentId);
  await expect(thief.query('commit')).resolves.toBeDefined();
});

test('the login accept can’t replace a stored answer', async () => {
  await expect(thief.query("update idempotency_key set body = '{}'")).rejects.toMatchObject({
    code: '42501',
    constraint: 'idempotency_key_is_kept',
  });
});

describe('an instruction that names another payment than its order', () => {
  test.each([
    ['whose books it would change', () => ({ paymentId: victim.paymentId })],
    ['of another merchant', () => ({ merchantId: 'mer_other' })],
  ])('%s is refused', async (_, named: () => { paymentId?: string; merchantId?: string }) => {
    const { merchantId = MERCHANT, paymentId } = named();
    const [ownPaymentId, orderId] = [systemIds.next('pay'), systemIds.next('ord')];
    await insertPayment(ownPaymentId);
    await insertOrder(orderId, ownPaymentId);
    await actFor(merchantId);

    await expect(
      insertInstruction(systemIds.next('ins'), orderId, paymentId ?? ownPaymentId, merchantId),
    ).rejects.toMatchObject({ code: '23503', constraint: 'instruction_of_its_order' });
  });
});
