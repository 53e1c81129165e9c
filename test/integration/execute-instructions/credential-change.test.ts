import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Database, JsonInput } from '../../../adapters/database/database.ts';
import type { NewPayment } from '../../../adapters/database/statements/accept-payment.ts';
import { CLAIM_SQL } from '../../../adapters/database/statements/claim-instructions-sql.ts';
import { readPayment } from '../../../adapters/database/statements/read-payments.ts';
import { DEDUPLICATING, ExecutorHarness, recordOf, ScriptedPsp } from '../../support/executor.ts';
import { MERCHANT, moveClock, newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { accountsAt, pspsOf, SecretInTest } from '../../support/psp-accounts.ts';
import { type SimulatorInTest, startSimulatorInTest } from '../../support/simulator.ts';
import { SIMULATOR_SECRET } from '../../support/simulator-keys.ts';

let testDatabase: TestDatabase;
let database: Database;
let simulator: SimulatorInTest;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
});
afterAll(() => testDatabase.drop());
beforeEach(async () => {
  await moveClock(database, 0);
  await database.execute('delete from psp_circuit', {});
  simulator = await startSimulatorInTest();
});
afterEach(() => simulator.close());

const recordsOf = ({ orders }: NewPayment) => orders.map((order) => recordOf(order));
const reference = ({ orders }: NewPayment) => orders[0]?.paymentOrderId ?? '';
const orderOf = async ({ paymentId }: NewPayment) =>
  (await readPayment(database, MERCHANT, paymentId)).orders[0];
const tenPayments = () =>
  Promise.all(Array.from({ length: 10 }, () => storePayment(database, newOrder({ amountMinor: 100n }))));

/** Claims as they are asked for, and answers that a test changes. */
function watchedClaims(change: (row: object) => object = (row) => row) {
  const inputs: JsonInput[] = [];
  const watched: Database = {
    execute: async (sql, input) => {
      const rows = await database.execute(sql, input);
      if (sql !== CLAIM_SQL) return rows;
      inputs.push(input);
      return rows.map((row) => change(row) as typeof row);
    },
  };
  return { watched, inputs };
}

describe('a key that is rotated in the middle of a batch', () => {
  test('leaves one charge for each payment, made with the new key by a claim that names it', async () => {
    const secret = new SecretInTest('refused by the PSP by now');
    const psps = pspsOf(accountsAt(simulator, secret));
    const payments = await tenPayments();
    const records = payments.flatMap(recordsOf);
    const { watched, inputs } = watchedClaims();

    const held = await psps.hold();
    secret.rotateTo(SIMULATOR_SECRET);
    const first = new ExecutorHarness(watched, undefined, { psps: held });
    expect(await first.execute(...records)).toHaveLength(10);
    for (const payment of payments) {
      expect(await orderOf(payment)).toMatchObject({ status_detail: 'psp_requested' });
      expect(await simulator.timesCharged(reference(payment))).toBe(0);
    }

    await moveClock(database, 10);
    const second = new ExecutorHarness(watched, undefined, { psps: await psps.hold() });
    expect(await second.execute(...records)).toEqual([]);
    for (const payment of payments) {
      expect(await orderOf(payment)).toMatchObject({ status: 'SUCCESS' });
      expect(await simulator.timesCharged(reference(payment))).toBe(1);
    }
    const versions = z.looseObject({ credential_versions: z.record(z.string(), z.string()) });
    expect(inputs.map((input) => versions.parse(input).credential_versions.simulator)).toEqual(['v1', 'v2']);
  });

  test('opens no circuit: the PSP is well', async () => {
    const secret = new SecretInTest('refused by the PSP by now');
    const held = await pspsOf(accountsAt(simulator, secret)).hold();
    secret.rotateTo(SIMULATOR_SECRET);
    const harness = new ExecutorHarness(database, undefined, { psps: held });
    await harness.execute(...(await tenPayments()).flatMap(recordsOf));
    expect(await database.execute('select * from psp_circuit where open_until is not null', {})).toEqual([]);
  });
});

describe('an attempt that may have been sent with another credential', () => {
  const sentBefore = async (scoped: boolean) => {
    const abilities = { ...DEDUPLICATING, keyScopeIncludesCredential: scoped };
    const psp = new ScriptedPsp('simulator', abilities);
    const payment = await storePayment(database);
    psp.onCharge = async () => ({ kind: 'unknown', reason: 'reset' });
    await new ExecutorHarness(database, psp).execute(...recordsOf(payment));
    await moveClock(database, 10);
    const { watched } = watchedClaims((row) => ({ ...row, is_same_credential: false }));
    await new ExecutorHarness(watched, psp).execute(...recordsOf(payment));
    return psp;
  };

  test('is looked up and not sent again where keys depend on the credential', async () => {
    const psp = await sentBefore(true);
    expect(psp.lookUps).toHaveLength(1);
    expect(psp.charges).toHaveLength(1);
  });

  test('is sent again after "not found" where they don’t', async () => {
    const psp = await sentBefore(false);
    expect(psp.lookUps).toHaveLength(1);
    expect(psp.charges).toHaveLength(2);
  });
});
