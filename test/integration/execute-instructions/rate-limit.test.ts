import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import type { NewOrder } from '../../../adapters/database/statements/accept-payment.ts';
import { listCircuits } from '../../../adapters/database/statements/processing-pauses.ts';
import { takeDueInstructions } from '../../../adapters/database/statements/relay-instructions.ts';
import type { PspOutcome } from '../../../domain/payment/psp-outcome.ts';
import { TIMING } from '../../../domain/payment/timing.ts';
import { DEDUPLICATING, ExecutorHarness, recordOf, ScriptedPsp, succeeded } from '../../support/executor.ts';
import { moveClock, newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
});
afterAll(() => testDatabase.drop());
beforeEach(async () => {
  await moveClock(database, 0);
  for (const table of ['instruction', 'psp_circuit', 'psp_limiter', 'processing_pause'])
    await database.execute(`delete from ${table}`, {});
});

const LIMITED: PspOutcome = { kind: 'rate_limited', retryAfterSeconds: undefined, maybeSent: false };

async function storeOrders(count: number): Promise<readonly NewOrder[]> {
  const payments = await Promise.all(Array.from({ length: count }, () => storePayment(database, newOrder())));
  const orders = payments.flatMap((payment) => payment.orders);
  return orders.toSorted((one, other) => (one.instructionId < other.instructionId ? -1 : 1));
}

async function storeOrder(): Promise<NewOrder> {
  const [order] = await storeOrders(1);
  if (order === undefined) throw new Error('one order was stored');
  return order;
}

async function rowOf(order: NewOrder | undefined) {
  const [row] = await database.execute(
    `select state, parked, waits_for, attempt_no, attempts_in_cycle, attempts_not_sent, cycle,
            extract(epoch from psp_slot_at - clock())::int as slot_in
     from instruction where instruction_id = :input::jsonb ->> 'id'`,
    { id: order?.instructionId ?? '' },
  );
  return row;
}

async function limiter() {
  const [row] = await database.execute(
    'select spacing_ms, next_call_at::text as next_call_at from psp_limiter',
    {},
  );
  return row;
}

/** One call each so many milliseconds, the first at once. */
async function limitTo(spacingMs: number): Promise<void> {
  await database.execute(
    `insert into psp_limiter (psp, spacing_ms, limited_at, recovers_from, next_call_at)
     select 'simulator', g.spacing_ms, clock(), clock(), clock() from jsonb_to_record(:input::jsonb) as g(spacing_ms int)`,
    { spacing_ms: spacingMs },
  );
}

function answering(outcome: PspOutcome): ExecutorHarness {
  const harness = new ExecutorHarness(database);
  harness.psp.onCharge = async () => outcome;
  return harness;
}

const execute = (harness: ExecutorHarness, orders: readonly NewOrder[]) =>
  harness.execute(...orders.map((order) => recordOf(order)));

describe('a PSP that has said no 429', () => {
  test('has no limiter', async () => {
    await execute(new ExecutorHarness(database), await storeOrders(10));
    expect(await limiter()).toBeUndefined();
  });
});

describe('a 429', () => {
  test('costs no attempt, and proves that nothing was sent', async () => {
    const order = await storeOrder();
    await execute(answering(LIMITED), [order]);
    expect(await rowOf(order)).toMatchObject({
      state: 'ready',
      attempt_no: 1,
      attempts_in_cycle: 0,
      attempts_not_sent: 1,
    });
  });

  test('teaches the rate of the PSP’s account, once for a batch', async () => {
    await execute(answering(LIMITED), await storeOrders(10));
    expect(await limiter()).toMatchObject({ spacing_ms: 20 });
  });

  test('is told by the list of circuits', async () => {
    await execute(answering({ kind: 'rate_limited', retryAfterSeconds: 30, maybeSent: false }), [
      await storeOrder(),
    ]);
    expect(await listCircuits(database)).toEqual([
      expect.objectContaining({
        psp: 'simulator',
        state: 'closed',
        calls_per_second: '50',
        silent_seconds: 30,
      }),
    ]);
  });

  test('leaves the circuit as it is', async () => {
    await execute(answering(LIMITED), await storeOrders(10));
    expect(await database.execute('select psp from psp_circuit', {})).toEqual([]);
  });

  test('is told once by a record that is replayed', async () => {
    const twice: Database = {
      execute: async (sql, input) => {
        if (sql.includes('insert into evidence')) await database.execute(sql, input);
        return database.execute(sql, input);
      },
    };
    await limitTo(100);
    await moveClock(database, 5);
    const harness = new ExecutorHarness(twice);
    harness.psp.onCharge = async () => LIMITED;
    await execute(harness, [await storeOrder()]);
    expect(await limiter()).toMatchObject({ spacing_ms: 200 });
  });

  test('parks an instruction that has met several, until its PSP’s rate has room', async () => {
    const order = await storeOrder();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      await moveClock(database, attempt * 10);
      await execute(answering(LIMITED), [order]);
    }
    expect(await rowOf(order)).toMatchObject({
      state: 'ready',
      parked: true,
      waits_for: 'rate:simulator',
      attempts_in_cycle: 0,
    });
  });
});

describe('a PSP whose rate is known', () => {
  test('gets the calls that it has slots for; of the others those wait in the queue whose slot is near, the rest parked', async () => {
    const [first, second, third] = await storeOrders(3);
    await limitTo(10_000);
    const harness = new ExecutorHarness(database);
    const records = [first, second, third].flatMap((order) => (order === undefined ? [] : [recordOf(order)]));

    expect(await harness.execute(...records)).toEqual([records[1]?.messageId]);

    expect(harness.psp.charges.map(({ reference }) => reference)).toEqual([first?.paymentOrderId]);
    expect(harness.visibility).toEqual([{ receiptHandle: records[1]?.receiptHandle, seconds: 10 }]);
    expect(await rowOf(second)).toMatchObject({
      state: 'ready',
      parked: false,
      slot_in: expect.toBeOneOf([9, 10]),
      attempt_no: 0,
    });
    expect(await rowOf(third)).toMatchObject({ parked: true, waits_for: 'rate:simulator', attempt_no: 0 });
  });

  test('keeps a slot that is reserved, and nobody else gets it', async () => {
    const orders = await storeOrders(2);
    await limitTo(10_000);
    const harness = new ExecutorHarness(database);
    await execute(harness, orders);
    await moveClock(database, 11);
    const before = await limiter();

    expect(await execute(harness, orders.slice(1))).toEqual([]);

    expect(harness.psp.charges).toHaveLength(2);
    expect(await limiter()).toEqual(before);
  });

  test('takes a slot for the look-up and one for the send of what may have been sent', async () => {
    const [doubtful, fresh] = await storeOrders(2);
    if (doubtful === undefined || fresh === undefined) throw new Error('two orders were stored');
    await execute(answering({ kind: 'unknown', reason: 'time-out' }), [doubtful]);
    await moveClock(database, 60);
    await limitTo(4_000);
    const harness = new ExecutorHarness(database);
    await execute(harness, [doubtful, fresh]);
    expect(harness.psp.charges.map(({ reference }) => reference)).toEqual([doubtful.paymentOrderId]);
    expect(harness.visibility).toMatchObject([{ seconds: expect.toBeOneOf([7, 8]) }]);
  });

  test('that asks for silence gets it from all, slots that were reserved notwithstanding', async () => {
    const [first, reserved, other] = await storeOrders(3);
    if (first === undefined || reserved === undefined || other === undefined) throw new Error('three orders');
    await limitTo(10_000);
    await execute(new ExecutorHarness(database), [first, reserved]);
    await database.execute(
      "update psp_limiter set recovers_from = clock() + interval '1 minute', next_call_at = clock() + interval '1 minute'",
      {},
    );
    await moveClock(database, 11);
    const harness = new ExecutorHarness(database);
    await execute(harness, [reserved, other]);
    expect(harness.psp.charges).toEqual([]);
  });

  test('gets what the relay releases at its rate', async () => {
    const orders = await storeOrders(9);
    await limitTo(10_000);
    await execute(new ExecutorHarness(database), orders);
    const released = async (seconds: number) => {
      await moveClock(database, seconds);
      return (await takeDueInstructions(database, 500)).due.length;
    };
    expect(await released(1)).toBe(0);
    expect(await released(21)).toBe(2);
    expect(await released(22)).toBe(0);
    expect(await released(41)).toBe(2);
  });

  test('gets what waited for its circuit at its rate too', async () => {
    const orders = await storeOrders(9);
    await limitTo(5_000);
    await database.execute(`update instruction set parked = true, waits_for = 'circuit:simulator'`, {});
    expect((await takeDueInstructions(database, 500)).due).toHaveLength(4);
    expect(await rowOf(orders[3])).toMatchObject({ parked: false, slot_in: expect.toBeOneOf([13, 14, 15]) });
  });

  test('is called without a limit again, and its limiter goes, once no 429 has come for minutes', async () => {
    await limitTo(20);
    await moveClock(database, 6 * 60);
    const harness = new ExecutorHarness(database);
    await execute(harness, await storeOrders(10));
    expect(harness.psp.charges).toHaveLength(10);
    expect(await limiter()).toBeUndefined();
  });
});

describe('an instruction past its last cycle', () => {
  /** Sent perhaps, all its cycles used up: it comes back to be resolved. */
  async function toResolve(): Promise<NewOrder> {
    const order = await storeOrder();
    await execute(answering({ kind: 'unknown', reason: 'time-out' }), [order]);
    await database.execute(
      `update instruction set cycle = g.cycle, attempts_in_cycle = 0 from jsonb_to_record(:input::jsonb) as g(cycle int)`,
      { cycle: TIMING.cycles },
    );
    await moveClock(database, 60);
    return order;
  }

  test('is resolved later when the look-up meets a 429, with all its attempts left', async () => {
    const order = await toResolve();
    const harness = new ExecutorHarness(database);
    harness.psp.onLookUp = async () => ({
      kind: 'no_answer',
      outcome: { kind: 'rate_limited', retryAfterSeconds: 5, maybeSent: false },
    });
    expect(await execute(harness, [order])).toHaveLength(1);
    expect(await rowOf(order)).toMatchObject({ state: 'ready', attempts_in_cycle: 0 });

    harness.psp.onLookUp = async (request) => ({ kind: 'found', outcome: succeeded(request) });
    await moveClock(database, 70);
    expect(await execute(harness, [order])).toEqual([]);
    expect(await rowOf(order)).toMatchObject({ state: 'succeeded' });
  });

  test('is resolved later when the invalidation meets a 429', async () => {
    const order = await toResolve();
    const psp = new ScriptedPsp('simulator', { ...DEDUPLICATING, invalidatesByKey: true });
    psp.onInvalidate = async () => ({ kind: 'no_answer', outcome: LIMITED });
    await execute(new ExecutorHarness(database, psp), [order]);
    expect(psp.invalidations).toHaveLength(1);
    expect(await rowOf(order)).toMatchObject({ state: 'ready', attempts_in_cycle: 0 });
  });

  test('is resolved later when too little time is left to look it up', async () => {
    const order = await toResolve();
    const harness = new ExecutorHarness(database);
    harness.remainingMilliseconds = 8_000;
    await execute(harness, [order]);
    expect(harness.psp.lookUps).toEqual([]);
    expect(await rowOf(order)).toMatchObject({ state: 'ready', attempts_in_cycle: 0 });
  });
});

describe('a PSP whose adapter declares a rate', () => {
  /** One call in 400 ms. */
  const declaring = (callsPerSecond: number | undefined) => {
    const psp = new ScriptedPsp();
    const { abilities } = psp;
    Object.assign(psp, {
      abilities: callsPerSecond === undefined ? abilities : { ...abilities, callsPerSecond },
    });
    return new ExecutorHarness(database, psp);
  };
  const declared = async () =>
    (await database.execute('select declared_ms, spacing_ms from psp_limiter', {}))[0];

  test('has a limiter from its first claim on', async () => {
    await execute(declaring(2.5), await storeOrders(1));
    expect(await declared()).toEqual({ declared_ms: 400, spacing_ms: 0 });
  });

  test('is called within it: what has no slot yet waits for it', async () => {
    await execute(declaring(2.5), await storeOrders(1));
    await moveClock(database, 10);
    const orders = await storeOrders(5);
    const harness = declaring(2.5);
    await execute(harness, orders);
    // The slots of the last second are free, and those of the next come one by one.
    expect(harness.psp.charges).toHaveLength(3);
    expect((await rowOf(orders[4]))?.slot_in).toBeGreaterThanOrEqual(0);
  });

  test('keeps its limiter when it answers', async () => {
    for (let round = 0; round < 3; round += 1) await execute(declaring(2.5), await storeOrders(1));
    expect(await declared()).toEqual({ declared_ms: 400, spacing_ms: 0 });
  });

  test('has another rate, or none, once its adapter says so', async () => {
    await execute(declaring(2.5), await storeOrders(1));
    await execute(declaring(10), await storeOrders(1));
    expect(await declared()).toEqual({ declared_ms: 100, spacing_ms: 0 });
    for (let round = 0; round < 2; round += 1) await execute(declaring(undefined), await storeOrders(1));
    expect(await declared()).toBeUndefined();
  });
});
