/**
 * A database restored to an earlier point is played by a second one: what both hold was accepted before that point, what
 * the first alone holds is the lost future. Queue, consumed messages and PSP were not restored, and are shared.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NewPayment } from '../../../adapters/database/statements/accept-payment.ts';
import {
  countSentWithoutLookUp,
  markLookUpFirst,
} from '../../../adapters/database/statements/look-up-first.ts';
import { listOperations } from '../../../adapters/database/statements/operation-log.ts';
import { readPayment } from '../../../adapters/database/statements/read-payments.ts';
import { DEDUPLICATING, ExecutorHarness, recordOf, ScriptedPsp, succeeded } from '../../support/executor.ts';
import { MERCHANT, moveClock, storeAgain, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let lost: TestDatabase;
let restored: TestDatabase;
let psp: ScriptedPsp;
let before: ExecutorHarness;
const OPERATOR = { actor: 'ann', reason: 'restored to noon', origin: 'here' };
const PROPAGATION_SECONDS = 95;

beforeAll(async () => {
  [lost, restored] = await Promise.all([createTestDatabase(), createTestDatabase()]);
});
afterAll(() => Promise.all([lost.drop(), restored.drop()]));

/** Remembers nothing of keys, so that a second request is a second charge; and finds what it has charged. */
function forgetfulPsp(): ScriptedPsp {
  const forgetful = new ScriptedPsp('simulator', { ...DEDUPLICATING, keyLifetimeSeconds: null });
  const charged = new Map<string, ReturnType<typeof succeeded>>();
  forgetful.onCharge = async (request) => {
    charged.set(request.reference, succeeded(request));
    return succeeded(request);
  };
  forgetful.onLookUp = async ({ reference }) => {
    const outcome = charged.get(reference);
    return outcome === undefined ? { kind: 'not_found' } : { kind: 'found', outcome };
  };
  return forgetful;
}

beforeEach(async () => {
  await Promise.all([moveClock(lost.database, 0), moveClock(restored.database, 0)]);
  psp = forgetfulPsp();
  before = new ExecutorHarness(lost.database, psp);
});

/** The executor on the restored database, with the same PSP and the same record of consumed messages. */
function executor(restoreEpoch: string): ExecutorHarness {
  const harness = new ExecutorHarness(restored.database, psp, { restoreEpoch });
  for (const key of before.consumedKeys) harness.consumedKeys.add(key);
  return harness;
}

async function chargedBeforeTheLoss(): Promise<NewPayment> {
  const payment = await storePayment(lost.database);
  await storeAgain(restored.database, payment);
  await before.execute(...payment.orders.map((order) => recordOf(order)));
  expect(psp.charges).toHaveLength(1);
  return payment;
}

const messagesOf = (payment: NewPayment) => payment.orders.map((order) => recordOf(order));

async function statusNow({ paymentId }: NewPayment): Promise<string | undefined> {
  return (await readPayment(restored.database, MERCHANT, paymentId)).payments[0]?.status;
}

async function markAndWait(): Promise<void> {
  await markLookUpFirst(restored.database, PROPAGATION_SECONDS, OPERATOR);
  await moveClock(restored.database, PROPAGATION_SECONDS + 1);
}

describe('a payment that was charged in the lost future', () => {
  test('is swallowed by its old record while the epoch stays', async () => {
    const payment = await chargedBeforeTheLoss();

    expect(await executor('1').execute(...messagesOf(payment))).toEqual([]);

    expect(await statusNow(payment)).toBe('NOT_STARTED');
  });

  test('is executed under a new epoch, and its charge is found by asking: charged once, booked', async () => {
    const payment = await chargedBeforeTheLoss();
    await markAndWait();

    expect(await executor('2').execute(...messagesOf(payment))).toEqual([]);

    expect(psp.charges).toHaveLength(1);
    expect(psp.lookUps).toHaveLength(1);
    expect(await statusNow(payment)).toBe('SUCCESS');
  });

  test('would be charged a second time without a look-up, if the PSP doesn’t deduplicate', async () => {
    const payment = await chargedBeforeTheLoss();

    await executor('2').execute(...messagesOf(payment));

    expect(psp.charges).toHaveLength(2);
  });
});

describe('an instruction marked look-up-first', () => {
  test('waits until what was under way has landed, and is marked once, with who and why', async () => {
    const payment = await storePayment(restored.database);
    expect(await countSentWithoutLookUp(restored.database)).toBeGreaterThan(0);
    await markLookUpFirst(restored.database, PROPAGATION_SECONDS, OPERATOR);
    expect(await markLookUpFirst(restored.database, PROPAGATION_SECONDS, OPERATOR)).toBe(0);
    expect(await countSentWithoutLookUp(restored.database)).toBe(0);

    const [message] = messagesOf(payment);
    const failed = message === undefined ? [] : await executor('2').execute(message);

    expect(failed).toEqual([message?.messageId]);
    expect(psp.charges).toEqual([]);
    const subject = payment.orders[0]?.instructionId;
    expect(await listOperations(restored.database, { subject, limit: 5 })).toMatchObject([
      { action: 'look_up_first_marked', actor: 'ann', reason: 'restored to noon' },
    ]);
  });

  test('that was never charged is charged now by a PSP that deduplicates', async () => {
    psp = new ScriptedPsp();
    const payment = await storePayment(restored.database);
    await markAndWait();

    await executor('2').execute(...messagesOf(payment));

    expect([psp.lookUps.length, psp.charges.length]).toEqual([1, 1]);
    expect(await statusNow(payment)).toBe('SUCCESS');
  });

  test('whose PSP may have forgotten the key since the payment was made is not sent again', async () => {
    psp = new ScriptedPsp();
    const payment = await storePayment(restored.database);
    await restored.database.execute(
      `update payment set created_at = created_at - interval '2 days' where payment_id = :input::jsonb ->> 'id'`,
      { id: payment.paymentId },
    );
    await markAndWait();

    await executor('2').execute(...messagesOf(payment));

    expect([psp.lookUps.length, psp.charges.length]).toEqual([1, 0]);
    expect(await statusNow(payment)).toBe('EXECUTING');
  });
});

test('a payment that was lost altogether is no poison that vanishes: its message is kept with its ids', async () => {
  const payment = await storePayment(lost.database);
  const harness = executor('2');

  await harness.execute(...messagesOf(payment));

  expect(harness.deadLetters).toMatchObject([
    {
      reason: expect.stringContaining('no such instruction'),
      body: expect.stringContaining(payment.orders[0]?.paymentOrderId ?? ''),
    },
  ]);
  expect(psp.charges).toEqual([]);
});
