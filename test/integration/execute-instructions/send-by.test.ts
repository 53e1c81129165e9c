import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import type { NewOrder } from '../../../adapters/database/statements/accept-payment.ts';
import { readPayment } from '../../../adapters/database/statements/read-payments.ts';
import type { PspOutcome } from '../../../domain/payment/psp-outcome.ts';
import { DEDUPLICATING, ExecutorHarness, recordOf, ScriptedPsp, succeeded } from '../../support/executor.ts';
import { MERCHANT, moveClock, newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

const TEN_MINUTES = 600;

let testDatabase: TestDatabase;
let database: Database;
let psp: ScriptedPsp;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
});
afterAll(() => testDatabase.drop());
beforeEach(async () => {
  await moveClock(database, 0);
  await database.execute('delete from psp_circuit', {});
  psp = new ScriptedPsp('simulator', { ...DEDUPLICATING, invalidatesByKey: true });
});

async function acceptOrder(): Promise<NewOrder & { readonly paymentId: string }> {
  const order = { ...newOrder(), sendWithinSeconds: TEN_MINUTES };
  const { paymentId } = await storePayment(database, order);
  return { ...order, paymentId };
}

const attempt = (order: NewOrder) => new ExecutorHarness(database, psp).execute(recordOf(order));

async function orderOf({ paymentId }: { readonly paymentId: string }) {
  return (await readPayment(database, MERCHANT, paymentId)).orders[0];
}

const EXPIRED = { status: 'FAILED', failure: { category: 'expired', code: 'expired' } };

describe('a request that the PSP takes for ten minutes', () => {
  test('is sent within them', async () => {
    const order = await acceptOrder();
    await moveClock(database, TEN_MINUTES - 60);
    await attempt(order);
    expect(psp.charges).toHaveLength(1);
    expect(await orderOf(order)).toMatchObject({ status: 'SUCCESS' });
  });

  test('fails without a call after them', async () => {
    const order = await acceptOrder();
    await moveClock(database, TEN_MINUTES + 1);
    await attempt(order);
    expect([...psp.charges, ...psp.lookUps, ...psp.invalidations]).toEqual([]);
    expect(await orderOf(order)).toMatchObject(EXPIRED);
  });
});

describe('a request that may have been sent, after them,', () => {
  const UNKNOWN: PspOutcome = { kind: 'unknown', reason: 'time-out' };

  async function acceptAndSend() {
    const order = await acceptOrder();
    psp.onCharge = async () => UNKNOWN;
    await attempt(order);
    psp.charges.splice(0);
    await moveClock(database, TEN_MINUTES + 1);
    return order;
  }

  test('succeeds if the PSP has charged it', async () => {
    const order = await acceptAndSend();
    psp.onLookUp = async (request) => ({ kind: 'found', outcome: succeeded(request) });
    await attempt(order);
    expect(psp.charges).toEqual([]);
    expect(await orderOf(order)).toMatchObject({ status: 'SUCCESS' });
  });

  test('fails once the PSP has invalidated it, and is not sent again', async () => {
    const order = await acceptAndSend();
    await attempt(order);
    expect(psp.charges).toEqual([]);
    expect(psp.invalidations).toHaveLength(1);
    expect(await orderOf(order)).toMatchObject(EXPIRED);
  });

  test('is looked up again if the look-up has no answer, and is not for a person at once', async () => {
    const order = await acceptAndSend();
    psp.onLookUp = async () => ({ kind: 'no_answer', outcome: UNKNOWN });
    await attempt(order);
    expect(psp.charges).toEqual([]);
    expect(await orderOf(order)).toMatchObject({ status: 'EXECUTING', status_detail: 'outcome_unknown' });
  });
});
