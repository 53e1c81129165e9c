import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { RELAY_SQL, takeDueInstructions } from '../../../adapters/database/statements/relay-instructions.ts';
import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import { systemTime } from '../../../adapters/time.ts';
import { generateParked } from '../../../bench/history/generate.ts';
import {
  type RelayEffects,
  type RelayReport,
  relayInstructions,
} from '../../../lambdas/relay-instructions/relay.ts';
import { moveClock } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { PlannedSession } from '../../support/rows-read.ts';

const WAITING = 2_000;
const LIMIT = 10;
/** Read, locked, joined and written, of each kind that may be due; a statement that reads what waits would read thousands. */
const ROWS = LIMIT * 20;

let testDatabase: TestDatabase;
let database: Database;
/** Of the relay's login; its plan was made over an empty table. */
let session: PlannedSession;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
  session = await PlannedSession.open(testDatabase.url, 'relay');
  await session.keepPlan(RELAY_SQL, { limit: LIMIT, probes: 6 });
});
afterAll(async () => {
  await session.close();
  await testDatabase.drop();
});
beforeEach(async () => {
  await moveClock(database, 0);
  await database.execute('truncate instruction cascade', {});
  await database.execute('delete from payment_order', {});
  await database.execute('delete from payment', {});
  await database.execute('delete from psp_circuit', {});
});

const rowsRead = () => session.rowsRead(RELAY_SQL, { limit: LIMIT, probes: 6 }, 'auto');
const wait = (cause: string) => generateParked(testDatabase.url, WAITING, cause);
const halfOpen = () =>
  database.execute(
    `insert into psp_circuit (psp, open_until, open_seconds, changed_at)
     values ('simulator', clock() - interval '1 second', 10, clock())`,
    {},
  );

async function relay(
  overrides: Partial<RelayEffects> = {},
): Promise<RelayReport & { readonly ids: string[] }> {
  const ids: string[] = [];
  const report = await relayInstructions({
    database,
    queue: {
      send: async (messages) => {
        ids.push(...messages.map(({ instructionId }) => instructionId));
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
  return { ...report, ids };
}

describe('a statement of the relay reads no more than it takes', () => {
  test('where thousands wait for a pause that was lifted', async () => {
    await wait('pause:psp:simulator');
    expect(await rowsRead()).toBeLessThanOrEqual(ROWS);
  });

  test('where thousands wait for a half-open circuit', async () => {
    await wait('circuit:simulator');
    await halfOpen();
    expect(await rowsRead()).toBeLessThanOrEqual(ROWS);
  });

  test('where thousands wait for a pause that stands', async () => {
    await wait('pause:all');
    await database.execute(`insert into processing_pause values ('all', clock(), 'ann', 'a test')`, {});
    expect(await rowsRead()).toBeLessThanOrEqual(ROWS);
  });

  test('where thousands are overdue by the clock, parked or not', async () => {
    await wait('pause:all');
    await database.execute('update instruction set waits_for = null', {});
    expect(await rowsRead()).toBeLessThanOrEqual(ROWS);
    await database.execute('update instruction set parked = false', {});
    expect(await rowsRead()).toBeLessThanOrEqual(ROWS);
  });

  test('where thousands were claimed long ago, and none of late', async () => {
    await wait('pause:all');
    await database.execute(
      `update instruction set first_claimed_at = clock() - interval '1 hour', state = 'succeeded', parked = false,
                              waits_for = null`,
      {},
    );
    expect(await rowsRead()).toBeLessThanOrEqual(ROWS);
  });

  test('where the queue is behind, and thousands that are in it are overdue', async () => {
    await wait('pause:all');
    await database.execute('update instruction set waits_for = null, parked = false', {});
    await database.execute(
      `update instruction set first_claimed_at = clock(), state = 'executing', not_before = clock() + interval '1 hour'
       where instruction_id in (select instruction_id from instruction limit 100)`,
      {},
    );
    expect(await rowsRead()).toBeLessThanOrEqual(ROWS);
  });
});

describe('what waits for a pause that was lifted', () => {
  test('is sent to the last in one run, each once', async () => {
    await wait('pause:psp:simulator');
    const { sent, ids } = await relay();
    expect(sent).toBe(WAITING);
    expect(new Set(ids).size).toBe(WAITING);
  });

  test('is sent once by two relays that run at once', async () => {
    await wait('pause:psp:simulator');
    const [one, other] = await Promise.all([relay(), relay()]);
    expect(new Set([...one.ids, ...other.ids]).size).toBe(WAITING);
    expect(one.sent + other.sent).toBe(WAITING);
  });

  test('waits for the next run once an invocation’s time is over', async () => {
    await wait('pause:psp:simulator');
    let remaining = 60_000;
    const first = await relay({
      remainingMilliseconds: () => remaining,
      matchEvents: async () => [],
      sentAgain: () => {
        remaining = 9_000;
      },
    });
    expect(first.sent).toBeLessThan(WAITING);
    expect((await relay()).sent).toBe(WAITING - first.sent);
  });

  test('doesn’t keep waiting what is due by the clock', async () => {
    await wait('pause:psp:simulator');
    await database.execute(
      `update instruction set waits_for = null where instruction_id = (select max(instruction_id) from instruction)`,
      {},
    );
    const [last] = await database.execute('select max(instruction_id) as id from instruction', {});
    const { due } = await takeDueInstructions(database, LIMIT);
    expect(due).toHaveLength(LIMIT);
    expect(due.map(({ instruction_id }) => instruction_id)).toContain(last?.id);
  });

  test('comes again where SQS could not be reached, and the other requests are made', async () => {
    await wait('pause:psp:simulator');
    const reached: string[] = [];
    let requests = 0;
    const run = relay({
      queue: {
        send: async (messages) => {
          requests += 1;
          if (requests === 3) throw new Error('SQS is not reached');
          reached.push(...messages.map(({ instructionId }) => instructionId));
          return [];
        },
      },
    });
    await expect(run).rejects.toThrow('SQS is not reached');
    expect(reached).toHaveLength(490);
    await moveClock(database, 61);
    expect((await relay()).sent).toBe(WAITING);
  });
});

describe('the probes of a half-open circuit', () => {
  test('are others each time, so that none keeps the others from being sent', async () => {
    await wait('circuit:simulator');
    await halfOpen();
    const probes = async (second: number) => {
      await moveClock(database, second);
      const { due } = await takeDueInstructions(database, 500);
      expect(due).toHaveLength(6);
      await database.execute(
        `update instruction set parked = true, waits_for = 'circuit:simulator' where not parked`,
        {},
      );
      return due.map(({ instruction_id }) => instruction_id);
    };
    const drawn = [];
    for (let second = 1; second <= 8; second += 1) drawn.push(...(await probes(second)));
    // Of 48 draws of 2,000 two may fall together; the same six each time would be six.
    expect(new Set(drawn).size).toBeGreaterThan(30);
  });

  test('are all that wait where fewer wait than are drawn', async () => {
    await generateParked(testDatabase.url, 4, 'circuit:simulator');
    await halfOpen();
    for (let second = 1; second <= 5; second += 1) {
      await moveClock(database, second);
      expect((await takeDueInstructions(database, 500)).due).toHaveLength(4);
      await database.execute(`update instruction set parked = true, waits_for = 'circuit:simulator'`, {});
    }
  });
});
