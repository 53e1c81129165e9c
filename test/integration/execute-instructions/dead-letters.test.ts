import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import type { NewOrder } from '../../../adapters/database/statements/accept-payment.ts';
import { readPayment } from '../../../adapters/database/statements/read-payments.ts';
import {
  markRedriven,
  type PlannedDeadLetter,
  planRedrive,
  registerMovedDeadLetters,
} from '../../../adapters/database/statements/redrive-dead-letters.ts';
import type { InstructionKey } from '../../../domain/payment/instruction.ts';
import type { OperationAbilities } from '../../../domain/payment/psp-abilities.ts';
import type { PspOutcome } from '../../../domain/payment/psp-outcome.ts';
import { TIMING } from '../../../domain/payment/timing.ts';
import { DEDUPLICATING, ExecutorHarness, recordOf, ScriptedPsp, succeeded } from '../../support/executor.ts';
import { chargeOf, MERCHANT, moveClock, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let database: Database;
let now = 0;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
});
afterAll(() => testDatabase.drop());
beforeEach(async () => {
  now = 0;
  await moveClock(database, 0);
  await database.execute('delete from psp_circuit', {});
});

const UNKNOWN: PspOutcome = { kind: 'unknown', reason: 'time-out' };
const INVALIDATING: OperationAbilities = { ...DEDUPLICATING, invalidatesByKey: true };

async function later(): Promise<void> {
  now += 3600;
  await moveClock(database, now);
  // One instruction that fails alone would open the circuit before its attempts are used up.
  await database.execute('delete from psp_circuit', {});
}

async function storeOrder(): Promise<NewOrder & { readonly paymentId: string }> {
  const payment = await storePayment(database);
  const [order] = payment.orders;
  if (order === undefined) throw new Error('a payment has an order');
  return { ...order, paymentId: payment.paymentId };
}

async function instruction(order: NewOrder) {
  const [row] = await database.execute(
    `select state, attempt_no, attempts_in_cycle, cycle, reason from instruction
     where instruction_id = :input::jsonb ->> 'id'`,
    { id: order.instructionId },
  );
  return row;
}

async function deadLetter(id: string) {
  const [row] = await database.execute(
    `select state, reason, cycle, times_seen from dead_letter_now where dead_letter_id = :input::jsonb ->> 'id'`,
    { id },
  );
  return row;
}

function scripted(charge: PspOutcome = UNKNOWN, abilities = DEDUPLICATING): ScriptedPsp {
  const psp = new ScriptedPsp('simulator', abilities);
  psp.onCharge = async () => charge;
  return psp;
}

/** Uses up all attempts of the cycle that `deadLetterCycle` starts, and the claim that finds them used up. */
async function useUpCycle(
  order: NewOrder,
  psp: ScriptedPsp,
  deadLetterCycle?: number,
): Promise<ExecutorHarness> {
  const harness = new ExecutorHarness(database, psp);
  await harness.execute(recordOf(order, undefined, deadLetterCycle));
  for (let attempt = 0; attempt < TIMING.attemptsPerCycle; attempt += 1) {
    await later();
    await harness.execute(recordOf(order));
  }
  return harness;
}

async function useUpAllCycles(order: NewOrder, psp: ScriptedPsp): Promise<void> {
  await useUpCycle(order, psp);
  for (let cycle = 0; cycle < TIMING.cycles - 1; cycle += 1) await useUpCycle(order, psp, cycle);
}

describe('an instruction whose attempts are used up', () => {
  test('becomes a dead letter with reason and cycle, and its message is acknowledged', async () => {
    const order = await storeOrder();
    const harness = await useUpCycle(order, scripted());

    expect(await instruction(order)).toMatchObject({ state: 'dead_lettered', attempt_no: 8, cycle: 0 });
    expect(harness.deadLetters).toEqual([
      expect.objectContaining({
        cycle: 0,
        reason: 'time-out (8 attempts in cycle 0)',
        deduplicationId: `${order.instructionId}#0`,
      }),
    ]);
    expect(await deadLetter(order.instructionId)).toEqual({
      state: 'waiting',
      reason: 'time-out (8 attempts in cycle 0)',
      cycle: 0,
      times_seen: 1,
    });
  });

  test('through crashes alone has the reason that the last one never finished', async () => {
    const order = await storeOrder();
    for (let attempt = 0; attempt < TIMING.attemptsPerCycle; attempt += 1) {
      const crashing = new ExecutorHarness(database);
      crashing.psp.onCharge = () => new Promise(() => {});
      crashing.psp.onLookUp = () => new Promise(() => {});
      void crashing.execute(recordOf(order));
      await expect.poll(async () => (await instruction(order))?.attempt_no).toBe(attempt + 1);
      await later();
    }
    const harness = new ExecutorHarness(database);
    await harness.execute(recordOf(order));
    expect(harness.deadLetters[0]?.reason).toBe('attempt 8 started, never finished (8 attempts in cycle 0)');
  });

  test('is sent to the dead-letter queue again for a message without its cycle, and not claimed', async () => {
    const order = await storeOrder();
    const psp = scripted();
    await useUpCycle(order, psp);
    const calls = psp.lookUps.length;
    const harness = new ExecutorHarness(database, psp);
    expect(await harness.execute(recordOf(order))).toEqual([]);
    expect(harness.deadLetters).toEqual([
      expect.objectContaining({ deduplicationId: `${order.instructionId}#0`, cycle: 0 }),
    ]);
    expect(psp.lookUps).toHaveLength(calls);
    expect(await deadLetter(order.instructionId)).toMatchObject({ times_seen: 1 });
  });

  test('starts the next cycle when its dead letter comes back, once', async () => {
    const order = await storeOrder();
    await useUpCycle(order, scripted());
    const harness = new ExecutorHarness(database, scripted());
    await harness.execute(recordOf(order, undefined, 0));
    expect(await instruction(order)).toMatchObject({ state: 'ready', cycle: 1, attempts_in_cycle: 1 });

    await useUpCycle(order, scripted(), 0);
    expect(await instruction(order)).toMatchObject({ state: 'dead_lettered', cycle: 1 });
    const stale = new ExecutorHarness(database, scripted());
    await stale.execute(recordOf(order, undefined, 0));
    expect(stale.deadLetters).toEqual([
      expect.objectContaining({ cycle: 1, deduplicationId: `${order.instructionId}#1` }),
    ]);
  });
});

describe('past the last cycle an instruction is resolved', () => {
  test.each<[string, OperationAbilities, (psp: ScriptedPsp) => void, object, string]>([
    [
      'as SUCCESS where the PSP has the charge',
      INVALIDATING,
      (psp) => {
        psp.onLookUp = async (request) => ({ kind: 'found', outcome: succeeded(request) });
      },
      { status: 'SUCCESS', status_detail: null },
      'succeeded',
    ],
    [
      'as FAILED where the PSP has none and refuses the key from now on',
      INVALIDATING,
      () => {},
      { status: 'FAILED', failure: { category: 'not_processed', code: 'rolled_back', psp_code: '' } },
      'cancelled',
    ],
    [
      'as SUCCESS where the invalidation comes too late',
      INVALIDATING,
      (psp) => {
        psp.onInvalidate = async (request) => ({ kind: 'charged', charge: succeeded(request).charge });
      },
      { status: 'SUCCESS' },
      'succeeded',
    ],
    [
      'to manual review where the PSP has none and cannot be invalidated',
      DEDUPLICATING,
      () => {},
      { status: 'EXECUTING', status_detail: 'manual_review' },
      'quarantined',
    ],
    [
      'to manual review where the PSP says nothing',
      INVALIDATING,
      (psp) => {
        psp.onLookUp = async () => ({ kind: 'no_answer', outcome: { kind: 'unknown', reason: 'time-out' } });
      },
      { status: 'EXECUTING', status_detail: 'manual_review' },
      'quarantined',
    ],
  ])('%s', async (_name, abilities, script, status, state) => {
    const order = await storeOrder();
    await useUpAllCycles(order, scripted(UNKNOWN, abilities));
    const psp = scripted(UNKNOWN, abilities);
    script(psp);
    const harness = new ExecutorHarness(database, psp);
    await later();

    expect(await harness.execute(recordOf(order, undefined, TIMING.cycles - 1))).toEqual([]);

    expect(psp.charges).toEqual([]);
    expect(await instruction(order)).toMatchObject({ state });
    expect((await readPayment(database, MERCHANT, order.paymentId)).orders[0]).toMatchObject(status);
    expect(await deadLetter(order.instructionId)).toMatchObject({
      state: state === 'quarantined' ? 'quarantined' : 'resolved',
    });
  });

  test('as FAILED without a call if nothing ever reached the PSP', async () => {
    const order = await storeOrder();
    const refused: PspOutcome = { kind: 'not_sent', reason: 'connection refused' };
    await useUpAllCycles(order, scripted(refused));
    const psp = scripted();
    await later();
    await new ExecutorHarness(database, psp).execute(recordOf(order, undefined, TIMING.cycles - 1));
    expect([...psp.charges, ...psp.lookUps, ...psp.invalidations]).toEqual([]);
    expect(await instruction(order)).toMatchObject({ state: 'cancelled' });
  });

  test('to manual review where even resolving crashes every time', async () => {
    const order = await storeOrder();
    await useUpAllCycles(order, scripted());
    await later();
    await database.execute(
      `update instruction set state = 'executing', cycle = 3, attempts_in_cycle = 8
       where instruction_id = :input::jsonb ->> 'id'`,
      { id: order.instructionId },
    );
    const harness = new ExecutorHarness(database);
    expect(await harness.execute(recordOf(order))).toEqual([]);
    expect(await instruction(order)).toMatchObject({ state: 'quarantined' });
    expect((await readPayment(database, MERCHANT, order.paymentId)).orders[0]?.status_detail).toBe(
      'manual_review',
    );
  });
});

/** Its message lies in the dead-letter queue. */
function find(key: InstructionKey): Promise<void> {
  return registerMovedDeadLetters(database, [{ key, messageId: 'message-found' }]);
}

describe('a redriven dead letter', () => {
  const REDRIVE = { actor: 'redrive', origin: 'pipeline', reason: 'a test' };

  async function planned(order: NewOrder): Promise<readonly PlannedDeadLetter[]> {
    const plan = await planRedrive(database, { restSeconds: [0], filter: {}, limit: 1_000 });
    return plan.filter(({ dead_letter_id }) => dead_letter_id === order.instructionId);
  }

  test('is recorded for the planned dead letter, and for no later one', async () => {
    const order = await storeOrder();
    await useUpCycle(order, scripted());
    const plan = await planned(order);
    expect(plan).toMatchObject([{ verdict: 'may_go', cycle: 0, times_seen: 1 }]);
    await later();
    await useUpCycle(order, scripted(), 0);

    await markRedriven(database, plan, REDRIVE);
    expect(await deadLetter(order.instructionId)).toMatchObject({
      state: 'waiting',
      cycle: 1,
      times_seen: 2,
    });

    await markRedriven(database, await planned(order), REDRIVE);
    expect(await deadLetter(order.instructionId)).toMatchObject({ state: 'redriven' });
  });

  test('waits again if it is still found in the queue', async () => {
    const order = await storeOrder();
    await useUpCycle(order, scripted());
    const before = await deadLetter(order.instructionId);
    await markRedriven(database, await planned(order), REDRIVE);
    await find(chargeOf(order));

    expect(await deadLetter(order.instructionId)).toEqual(before);
  });
});

describe('a message in the dead-letter queue without a waiting dead letter', () => {
  test('becomes one with a derived reason', async () => {
    const order = await storeOrder();
    await find(chargeOf(order));

    expect(await deadLetter(order.instructionId)).toMatchObject({
      state: 'waiting',
      reason: 'received too often, never claimed',
    });
  });

  test('does not take the reason of a quarantined one', async () => {
    const order = await storeOrder();
    const psp = scripted();
    psp.onCharge = async (request) => {
      const { kind, charge } = succeeded(request);
      return { kind, charge: { ...charge, amountMinor: 1n } };
    };
    await new ExecutorHarness(database, psp).execute(recordOf(order));
    const before = await deadLetter(order.instructionId);
    await find(chargeOf(order));

    expect(before).toMatchObject({ state: 'quarantined', reason: expect.stringContaining('requested was') });
    expect(await deadLetter(order.instructionId)).toEqual(before);
  });

  test('that names an instruction by its id alone makes no dead letter of it', async () => {
    const order = await storeOrder();
    await find({ ...chargeOf(order), operation: 'refund' });

    expect(await deadLetter(order.instructionId)).toBeUndefined();
  });
});

describe('a poisoned message', () => {
  const poisonId = 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

  test('is one dead letter, also when redelivered, and is quarantined when it returns', async () => {
    const order = await storeOrder();
    const harness = new ExecutorHarness(database);
    const record = recordOf(order, 'abc');
    await harness.execute(record);
    await harness.execute(record);
    expect(harness.deadLetters).toHaveLength(2);
    expect(await deadLetter(poisonId)).toMatchObject({ state: 'waiting', times_seen: 1 });

    expect(await harness.execute(recordOf(order, 'abc'))).toEqual([]);

    expect(harness.deadLetters).toHaveLength(2);
    expect(await deadLetter(poisonId)).toMatchObject({ state: 'quarantined', times_seen: 2 });
  });

  test('of arbitrary bytes is kept unchanged', async () => {
    const body = 'nul \u0000 and \u{1f4a3} and ’';
    await new ExecutorHarness(database).execute(recordOf(await storeOrder(), body));
    const [row] = await database.execute(
      `select encode(poison_body, 'base64') as body from dead_letter where is_poison and reason like 'unparseable%'
       order by last_seen_at desc limit 1`,
      {},
    );
    expect(Buffer.from(String(row?.body), 'base64').toString()).toBe(body);
  });

  test('does not affect the rest of its batch, however deeply it is nested', async () => {
    const deep = `{"version":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    const [poisoned, good] = [await storeOrder(), await storeOrder()];
    const harness = new ExecutorHarness(database);
    expect(await harness.execute(recordOf(poisoned, deep), recordOf(good))).toEqual([]);
    expect(harness.deadLetters).toHaveLength(1);
    expect(await instruction(good)).toMatchObject({ state: 'succeeded' });
  });

  test('waits in the main queue while the database is unreachable, longer with each receive', async () => {
    const harness = new ExecutorHarness({ execute: () => Promise.reject(new Error('away')) });
    const record = recordOf(await storeOrder(), 'not json');
    record.attributes.ApproximateReceiveCount = '4';
    expect(await harness.execute(record)).toEqual([record.messageId]);
    expect(harness.visibility).toEqual([{ receiptHandle: record.receiptHandle, seconds: 80 }]);
  });
});
