import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import type { NewOrder } from '../../../adapters/database/statements/accept-payment.ts';
import { takeDueInstructions } from '../../../adapters/database/statements/relay-instructions.ts';
import type { PspOutcome } from '../../../domain/payment/psp-outcome.ts';
import { ExecutorHarness, recordOf, succeeded } from '../../support/executor.ts';
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
  await database.execute('delete from instruction', {});
  await database.execute('delete from psp_circuit', {});
  await database.execute('delete from psp_limiter', {});
  await database.execute('delete from processing_pause', {});
});

async function storeOrders(count: number, psp = 'simulator'): Promise<readonly NewOrder[]> {
  const payments = await Promise.all(
    Array.from({ length: count }, () => storePayment(database, newOrder({ pspAccount: psp }))),
  );
  return payments.flatMap((payment) => payment.orders);
}

async function instruction(order: NewOrder | undefined) {
  const [row] = await database.execute(
    `select state, parked, waits_for, reason, attempt_no, attempts_in_cycle, cycle, extract(epoch from not_before - clock())::int as wait
     from instruction where instruction_id = :input::jsonb ->> 'id'`,
    { id: order?.instructionId ?? '' },
  );
  return row;
}

async function circuit() {
  const [row] = await database.execute(
    `select not_sent_in_a_row, unknown_in_a_row, open_seconds, reason,
            round(extract(epoch from open_until - clock()))::int as open_for, probe_until is not null as is_probed
     from psp_circuit`,
    {},
  );
  return row;
}

const NOT_SENT: PspOutcome = { kind: 'not_sent', reason: 'connection refused' };

function failing(outcome: PspOutcome = NOT_SENT): ExecutorHarness {
  const harness = new ExecutorHarness(database);
  harness.psp.onCharge = async () => outcome;
  return harness;
}

/** As 429s have taught it, the newest of them now. */
async function limitRate(limit: {
  readonly spacingMs: number;
  readonly nextCallInSeconds: number;
}): Promise<void> {
  await database.execute(
    `insert into psp_limiter (psp, spacing_ms, limited_at, recovers_from, next_call_at)
     select 'simulator', spacing, clock(), clock(), clock() + make_interval(secs => next)
     from jsonb_to_record(:input::jsonb) as limits(spacing int, next int)`,
    { spacing: limit.spacingMs, next: limit.nextCallInSeconds },
  );
}

/** Opens the simulator's circuit with five refused connections. */
async function openCircuit(): Promise<readonly NewOrder[]> {
  const orders = await storeOrders(5);
  await failing().execute(...orders.map((order) => recordOf(order)));
  return orders;
}

describe('a PSP’s circuit', () => {
  test('stays closed through four refused connections and opens with the fifth', async () => {
    const orders = await storeOrders(5);
    await failing().execute(...orders.slice(0, 4).map((order) => recordOf(order)));
    expect(await circuit()).toMatchObject({ not_sent_in_a_row: 4, open_for: null });
    await failing().execute(...orders.slice(4).map((order) => recordOf(order)));
    expect(await circuit()).toMatchObject({ not_sent_in_a_row: 5, open_for: 10, open_seconds: 10 });
  });

  test('resets its failures on any answer, including a decline', async () => {
    const orders = await storeOrders(5);
    await failing().execute(...orders.slice(0, 4).map((order) => recordOf(order)));
    const declining = failing({
      kind: 'declined',
      decline: { category: 'other', code: 'declined', pspCode: 'x' },
      isFinal: true,
    });
    await declining.execute(...orders.slice(4).map((order) => recordOf(order)));
    expect(await circuit()).toMatchObject({ not_sent_in_a_row: 0, open_for: null });
  });

  test('opens with ten unknown outcomes in a row', async () => {
    const orders = await storeOrders(10);
    await failing({ kind: 'unknown', reason: 'time-out' }).execute(...orders.map((order) => recordOf(order)));
    expect(await circuit()).toMatchObject({ unknown_in_a_row: 10, open_for: 10 });
  });

  test('opens with one refused key, whose instruction becomes a dead letter with the reason', async () => {
    const [order] = await storeOrders(1);
    if (order === undefined) throw new Error('one order was stored');
    const harness = failing({ kind: 'misconfigured', reason: 'HTTP 401' });

    expect(await harness.execute(recordOf(order))).toEqual([]);

    expect(await circuit()).toMatchObject({ open_for: 10, reason: 'HTTP 401' });
    expect(harness.deadLetters).toEqual([
      expect.objectContaining({
        reason: 'the PSP refuses us: HTTP 401',
        cycle: 0,
        deduplicationId: `${order.instructionId}#0`,
      }),
    ]);
    expect(await instruction(order)).toMatchObject({ state: 'dead_lettered', attempts_in_cycle: 0 });
  });

  test('while open, parks and acknowledges messages without a call', async () => {
    await openCircuit();
    const [order] = await storeOrders(1);
    if (order === undefined) throw new Error('one order was stored');
    const harness = new ExecutorHarness(database);

    expect(await harness.execute(recordOf(order))).toEqual([]);

    expect(harness.psp.charges).toEqual([]);
    expect(await instruction(order)).toMatchObject({
      state: 'ready',
      parked: true,
      waits_for: 'circuit:simulator',
      attempt_no: 0,
    });
  });

  test('does not count the attempts that opened it', async () => {
    const orders = await openCircuit();
    for (const order of orders) expect(await instruction(order)).toMatchObject({ attempts_in_cycle: 0 });
  });

  test('while open, leaves another PSP’s payments alone', async () => {
    await openCircuit();
    const [order] = await storeOrders(1, 'simulator_2');
    if (order === undefined) throw new Error('one order was stored');
    const harness = new ExecutorHarness(database);
    const other = new ExecutorHarness(database, harness.psp, {
      psps: new Map([['simulator_2', harness.psp]]),
    });
    expect(await other.execute(recordOf(order))).toEqual([]);
    expect(await instruction(order)).toMatchObject({ state: 'succeeded' });
  });

  test('half-open, lets three instructions of a batch probe, and closes on an answer', async () => {
    await openCircuit();
    const orders = await storeOrders(5);
    await moveClock(database, 11);
    const harness = new ExecutorHarness(database);

    expect(await harness.execute(...orders.map((order) => recordOf(order)))).toEqual([]);

    expect(harness.psp.charges).toHaveLength(3);
    expect(await circuit()).toMatchObject({ open_for: null, not_sent_in_a_row: 0, is_probed: false });
  });

  test('half-open, lets only one of many workers probe', async () => {
    await openCircuit();
    const orders = await storeOrders(6);
    await moveClock(database, 11);
    let release = () => {};
    const answered = new Promise<void>((resolve) => {
      release = resolve;
    });
    const workers = orders.map((order) => {
      const harness = new ExecutorHarness(database);
      harness.psp.onCharge = async (request) => {
        await answered;
        return succeeded(request);
      };
      return { harness, done: harness.execute(recordOf(order)) };
    });
    // All but the prober, which waits for its PSP, come to their end first.
    let ended = 0;
    for (const { done } of workers) void done.then(() => (ended += 1));
    await expect.poll(() => ended).toBe(workers.length - 1);
    release();
    await Promise.all(workers.map(({ done }) => done));
    const calls = workers.flatMap(({ harness }) => harness.psp.charges);
    expect(calls).toHaveLength(1);
  });

  test('that fails its probe opens again for twice as long, up to two minutes, and does not count the probe', async () => {
    await openCircuit();
    const [order] = await storeOrders(1);
    if (order === undefined) throw new Error('one order was stored');
    let now = 0;
    for (const seconds of [20, 40, 80, 120, 120]) {
      now += 130;
      await moveClock(database, now);
      await failing().execute(recordOf(order));
      expect(await circuit()).toMatchObject({ open_seconds: seconds, open_for: seconds });
    }
    expect(await instruction(order)).toMatchObject({ attempt_no: 5, attempts_in_cycle: 0, state: 'ready' });
  });

  test('parks a probe that is refused for its key instead of making a dead letter of it', async () => {
    const [first, second] = await storeOrders(2);
    if (first === undefined || second === undefined) throw new Error('two orders were stored');
    const refusing = failing({ kind: 'misconfigured', reason: 'HTTP 401' });
    await refusing.execute(recordOf(first));
    await moveClock(database, 11);
    expect(await refusing.execute(recordOf(second))).toEqual([]);
    expect(refusing.deadLetters).toHaveLength(1);
    expect(await instruction(second)).toMatchObject({
      state: 'ready',
      parked: true,
      waits_for: 'circuit:simulator',
      attempts_in_cycle: 0,
    });
  });

  test('frees its probe when the PSP only limits the rate', async () => {
    await openCircuit();
    const [order] = await storeOrders(1);
    if (order === undefined) throw new Error('one order was stored');
    await moveClock(database, 11);
    await failing({ kind: 'rate_limited', retryAfterSeconds: 1, maybeSent: false }).execute(recordOf(order));
    expect(await circuit()).toMatchObject({ is_probed: false });
  });

  test('half-open, is not held by an instruction that waits for its slot of the PSP’s rate', async () => {
    await openCircuit();
    const [early, due] = await storeOrders(2);
    if (early === undefined || due === undefined) throw new Error('two orders were stored');
    await moveClock(database, 11);
    await limitRate({ spacingMs: 10_000, nextCallInSeconds: 5 });
    await database.execute(
      `update instruction set psp_slot_at = clock() where instruction_id = :input::jsonb ->> 'id'`,
      { id: due.instructionId },
    );

    const harness = new ExecutorHarness(database);
    await harness.execute(recordOf(early));
    expect(harness.psp.charges).toEqual([]);
    await harness.execute(recordOf(due));
    expect(harness.psp.charges).toHaveLength(1);
    expect(await circuit()).toMatchObject({ open_for: null });
  });
});

describe('an instruction parked for a circuit', () => {
  test('is sent with few others while it is half-open, and with all when it is closed', async () => {
    await openCircuit();
    const orders = await storeOrders(9);
    await new ExecutorHarness(database).execute(...orders.map((order) => recordOf(order)));

    const sentAt = async (seconds: number) => {
      await moveClock(database, seconds);
      const { due } = await takeDueInstructions(database, 500);
      return due.filter((row) => orders.some((order) => order.instructionId === row.instruction_id));
    };
    expect(await sentAt(5)).toEqual([]);
    const probes = await sentAt(11);
    expect(probes).toHaveLength(6);
    const prober = orders.find((order) => order.instructionId === probes[0]?.instruction_id);
    if (prober === undefined) throw new Error('a probe is one of the orders');
    await new ExecutorHarness(database).execute(recordOf(prober));
    expect(await sentAt(12)).toHaveLength(3);
  });
});

describe('what an operator has paused', () => {
  const pause = (id: string) =>
    database.execute(
      `insert into processing_pause values (:input::jsonb ->> 'id', clock(), 'ann', 'a test')`,
      { id },
    );

  test.each(['all', 'psp:simulator', 'merchant:mer_one'])(
    'by %s is parked, and sent when it resumes',
    async (id) => {
      await pause(id);
      const [order] = await storeOrders(1);
      if (order === undefined) throw new Error('one order was stored');
      const harness = new ExecutorHarness(database);
      expect(await harness.execute(recordOf(order))).toEqual([]);
      expect(harness.psp.charges).toEqual([]);
      expect(await instruction(order)).toMatchObject({ parked: true, waits_for: `pause:${id}` });

      await moveClock(database, 3600);
      expect((await takeDueInstructions(database, 500)).due).toEqual([]);
      await database.execute('delete from processing_pause', {});
      expect((await takeDueInstructions(database, 500)).due).toEqual([
        expect.objectContaining({ instruction_id: order.instructionId, send_no: 1 }),
      ]);
      expect(await harness.execute(recordOf(order))).toEqual([]);
      expect(await instruction(order)).toMatchObject({ state: 'succeeded' });
    },
  );

  test('never parks over a live lease', async () => {
    const [order] = await storeOrders(1);
    if (order === undefined) throw new Error('one order was stored');
    await failing({ kind: 'unknown', reason: 'time-out' }).execute(recordOf(order));
    await pause('all');
    const record = recordOf(order);
    expect(await new ExecutorHarness(database).execute(record)).toEqual([record.messageId]);
    expect(await instruction(order)).toMatchObject({ parked: false });
  });
});
