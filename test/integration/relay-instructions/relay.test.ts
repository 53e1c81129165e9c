import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import type { InstructionMessage } from '../../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../../adapters/time.ts';
import { type RelayEffects, relayInstructions } from '../../../lambdas/relay-instructions/relay.ts';
import { ExecutorHarness, recordOf } from '../../support/executor.ts';
import { moveClock, newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
});
afterAll(() => testDatabase.drop());
/** Each test has the table to itself: the relay looks at all of it. */
beforeEach(async () => {
  await moveClock(database, 0);
  await database.execute('delete from instruction', {});
  await database.execute('delete from psp_limiter', {});
});

const MINUTE = 60;

async function relayAt(
  seconds: number,
  overrides: Partial<RelayEffects> = {},
): Promise<readonly InstructionMessage[]> {
  await moveClock(database, seconds);
  const sent: InstructionMessage[] = [];
  await relayInstructions({
    database,
    queue: {
      send: async (messages) => {
        sent.push(...messages);
        return [];
      },
    },
    activity: alwaysActive,
    time: systemTime,
    remainingMilliseconds: () => 60_000,
    matchEvents: async () => [],
    sentAgain: () => {},
    ...overrides,
  });
  return sent;
}

describe('an instruction that was never claimed', () => {
  test('is left alone for a minute, then sent under its first id', async () => {
    const { orders } = await storePayment(database);

    expect(await relayAt(MINUTE - 5)).toEqual([]);
    expect(await relayAt(MINUTE + 1)).toEqual([
      expect.objectContaining({ instructionId: orders[0]?.instructionId, sendNumber: 0 }),
    ]);
  });

  test('is sent again after six minutes under a new id, then at doubling distances', async () => {
    await storePayment(database);
    await relayAt(MINUTE + 1);

    expect(await relayAt(6 * MINUTE)).toEqual([]);
    expect(await relayAt(7 * MINUTE + 2)).toEqual([expect.objectContaining({ sendNumber: 1 })]);
    expect(await relayAt(18 * MINUTE)).toEqual([]);
    expect(await relayAt(19 * MINUTE + 3)).toEqual([expect.objectContaining({ sendNumber: 2 })]);
  });
});

describe('an instruction whose message was lost after a claim', () => {
  test('is sent six minutes after its lease, under a new id', async () => {
    const payment = await storePayment(database);
    const harness = new ExecutorHarness({
      execute: (sql, input) => {
        if (sql.includes('insert into evidence')) throw new Error('the worker is dead');
        return database.execute(sql, input);
      },
    });
    await harness.execute(...payment.orders.map((order) => recordOf(order)));

    expect(await relayAt(6 * MINUTE + 30)).toEqual([]);
    expect(await relayAt(6 * MINUTE + 45)).toEqual([expect.objectContaining({ sendNumber: 1 })]);
  });
});

describe('a parked instruction', () => {
  test('is sent when it is due, under a new id', async () => {
    const payment = await storePayment(database);
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async () => ({ kind: 'rate_limited', retryAfterSeconds: 600, maybeSent: false });
    await harness.execute(...payment.orders.map((order) => recordOf(order)));

    expect(await relayAt(9 * MINUTE)).toEqual([]);
    expect(await relayAt(10 * MINUTE + 2)).toEqual([expect.objectContaining({ sendNumber: 1 })]);
    expect(await relayAt(11 * MINUTE)).toEqual([]);
    expect(await relayAt(16 * MINUTE + 5)).toEqual([expect.objectContaining({ sendNumber: 2 })]);
  });
});

describe('a terminal instruction', () => {
  test('is never sent again', async () => {
    const payment = await storePayment(database);
    await new ExecutorHarness(database).execute(...payment.orders.map((order) => recordOf(order)));

    expect(await relayAt(30 * 24 * 60 * MINUTE)).toEqual([]);
  });
});

describe('two relays at once', () => {
  test('take different instructions', async () => {
    await storePayment(database, ...Array.from({ length: 10 }, () => newOrder()));
    await moveClock(database, MINUTE + 1);

    const [one, other] = await Promise.all([relayAt(MINUTE + 1), relayAt(MINUTE + 1)]);

    expect([...one, ...other]).toHaveLength(10);
    expect(new Set([...one, ...other].map((message) => message.instructionId)).size).toBe(10);
  });
});

describe('a queue that is behind', () => {
  test('gets no repeats, but what was parked is sent', async () => {
    await storePayment(database);
    const parked = await storePayment(database);
    const late = await storePayment(database);
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async () => ({ kind: 'rate_limited', retryAfterSeconds: 130, maybeSent: false });
    await harness.execute(...parked.orders.map((order) => recordOf(order)));
    // A message that waited four minutes for its first claim shows that the queue is behind.
    await moveClock(database, 4 * MINUTE);
    await new ExecutorHarness(database).execute(...late.orders.map((order) => recordOf(order)));

    expect((await relayAt(4 * MINUTE + 1)).map((message) => message.instructionId)).toEqual(
      parked.orders.map((order) => order.instructionId),
    );
  });
});

describe('a database that pauses', () => {
  test('is not woken while nothing can be due', async () => {
    let woken = false;
    await relayAt(0, {
      database: {
        execute: async () => {
          woken = true;
          return [];
        },
      },
      activity: { ...alwaysActive, isIdle: async () => true },
    });

    expect(woken).toBe(false);
  });

  test('may sleep again once nothing waits for anything', async () => {
    const found: number[] = [];
    const activity = { ...alwaysActive, foundNothing: async (at: number) => void found.push(at) };
    await relayAt(0, { activity, time: { ...systemTime, now: () => 7 } });
    await storePayment(database);
    await relayAt(0, { activity, time: { ...systemTime, now: () => 8 } });

    expect(found).toEqual([7]);
  });
});
