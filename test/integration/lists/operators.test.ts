import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { PAGE_ROWS } from '../../../adapters/database/read-in-pages.ts';
import {
  DEAD_LETTER_STATES,
  type DeadLetterFilter,
  listDeadLetters,
} from '../../../adapters/database/statements/list-dead-letters.ts';
import { listEvents, showEvent } from '../../../adapters/database/statements/list-events.ts';
import { listDiscrepancies, listMovements } from '../../../adapters/database/statements/list-movements.ts';
import { listApiKeys } from '../../../adapters/database/statements/operate-keys.ts';
import { listOperations, OPERATIONS } from '../../../adapters/database/statements/operation-log.ts';
import { listCircuits, listPauses } from '../../../adapters/database/statements/processing-pauses.ts';
import { EVENT_STATES } from '../../../adapters/database/statements/receive-event.ts';
import { generateHistory } from '../../../bench/history/generate.ts';
import { DIFFERING_ORDER, fillLists } from '../../support/fill-lists.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { type PlanMode, PlannedSession } from '../../support/rows-read.ts';

const PAGE = 10;
const DAY = 86_400;
/** Of one page: the row itself, and what it is joined with. */
const JOINED = 3;
/** That dead letters are of: one, and poison. */
const PSPS = 2;

let testDatabase: TestDatabase;
let session: PlannedSession;
let operate: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  operate = testDatabase.as('oncepay_operate');
  session = await PlannedSession.open(testDatabase.url, 'operate');
  await generateHistory(testDatabase.url, { payments: 2_000, days: 300 });
  await fillLists(testDatabase.database, 6_000);
});
afterAll(async () => {
  await session.close();
  await testDatabase.drop();
});

/** An operator's statements are planned for what they ask for. */
const modes: readonly PlanMode[] = ['force_custom_plan'];

type List = (database: Database, limit: number) => Promise<unknown>;

/** Rows that the statement behind a list reads, for its first page or for one further back. */
async function rowsOf(list: List, mode: PlanMode): Promise<number> {
  let most = 0;
  for (const limit of [PAGE, 2 * PAGE_ROWS + PAGE]) {
    await list(
      {
        execute: async (sql, input) => {
          // The pages before the last one are larger.
          const { limit: ofPage = PAGE } = Object(input);
          if (ofPage === PAGE) most = Math.max(most, await session.rowsRead(sql, Object(input), mode));
          return operate.execute(sql, input);
        },
      },
      limit,
    );
  }
  return most;
}

describe.each(modes)('a list of an operator’s, planned with %s, reads no more than pages', (mode) => {
  test('of dead letters, with every filter', async () => {
    const filters: Partial<DeadLetterFilter>[] = [
      {},
      { psp: 'simulator' },
      { psp: 'nobody' },
      { olderThanSeconds: 100 * DAY },
      { psp: 'simulator', olderThanSeconds: 100 * DAY },
    ];
    for (const states of [...DEAD_LETTER_STATES.map((state) => [state]), DEAD_LETTER_STATES]) {
      for (const filter of filters) {
        const list: List = (database, limit) => listDeadLetters(database, { states, ...filter, limit });
        expect([await rowsOf(list, mode), filter]).toEqual([
          expect.toSatisfy((rows: number) => rows <= PAGE * (states.length * PSPS + JOINED)),
          filter,
        ]);
      }
    }
  });

  test('of the operation log, with every filter', async () => {
    for (const subject of [undefined, 'subject_1', 'rare']) {
      for (const action of [undefined, 'closed', 'key_revoked'] as const) {
        for (const actor of [undefined, 'actor_1', 'rare']) {
          // Whoever did it is looked for in all that was done to one subject.
          if (subject === 'subject_1' && actor !== undefined) continue;
          for (const sinceSeconds of [undefined, 60, DAY]) {
            for (const byPeople of [true, false]) {
              const query = { subject, action, actor, sinceSeconds, byPeople };
              const rows = await rowsOf(
                (database, limit) => listOperations(database, { ...query, limit }),
                mode,
              );
              expect([rows, query]).toEqual([
                expect.toSatisfy((read: number) => read <= PAGE * OPERATIONS.length * 2),
                query,
              ]);
            }
          }
        }
      }
    }
  });

  test('of events, with every filter, on every page', async () => {
    for (const states of [...EVENT_STATES.map((state) => [state]), EVENT_STATES]) {
      for (const psp of [undefined, 'simulator', 'nobody']) {
        for (const before of [undefined, 'pev_003000', 'pev_000001']) {
          const filter = { states, psp, before };
          const rows = await rowsOf((database, limit) => listEvents(database, { ...filter, limit }), mode);
          // A page of each state and account, and the walk to the next account.
          expect([rows, filter]).toEqual([
            expect.toSatisfy((read: number) => read <= states.length * (PSPS * PAGE + PSPS + 1)),
            filter,
          ]);
        }
      }
    }
  });

  test('of one event, by our id or the PSP’s', async () => {
    for (const id of ['pev_000300', 'evt_300', 'evt_none'])
      expect(await rowsOf((database) => showEvent(database, id), mode)).toBeLessThanOrEqual(PAGE);
  });

  test('of movements, with every filter, on every page', async () => {
    const [row] = await testDatabase.database.execute('select max(payment_order_id) as id from movement', {});
    for (const order of [undefined, String(row?.id), 'ord_of_nobody']) {
      for (const before of [undefined, String(row?.id).replace('ord_', 'mov_'), 'mov_0']) {
        const list: List = (database, limit) => listMovements(database, { order, before, limit });
        expect(await rowsOf(list, mode)).toBeLessThanOrEqual(PAGE);
      }
    }
  });

  test('of discrepancies, with every filter, on every page', async () => {
    for (const order of [undefined, DIFFERING_ORDER, 'ord_4444', 'ord_of_nobody']) {
      for (const before of [undefined, 'dsc_006000', 'dsc_000001']) {
        const list: List = (database, limit) => listDiscrepancies(database, { order, before, limit });
        // Two pages: of the two reasons, or of those found to be of the order and those whose entry names it; the accounts.
        expect([await rowsOf(list, mode), order, before]).toEqual([
          expect.toSatisfy((read: number) => read <= 2 * PAGE + PSPS),
          order,
          before,
        ]);
      }
    }
  });

  test('of keys, with every filter', async () => {
    for (const merchantId of [undefined, 'mer_busy', 'mer_0']) {
      for (const revokedToo of [true, false]) {
        const list: List = (database, limit) => listApiKeys(database, { merchantId, revokedToo, limit });
        // The keys of one merchant are few.
        expect(await rowsOf(list, mode)).toBeLessThanOrEqual(PAGE * JOINED);
      }
    }
  });
});

test('the operation log is listed newest first, with every filter', async () => {
  const found = await listOperations(operate, { byPeople: true, limit: 100 });
  const expected = await testDatabase.database.execute(
    `select subject_id, reason from operation_log where origin <> 'pipeline' order by at desc, operation_log_id desc limit 100`,
    {},
  );
  expect(found.map(({ subject_id, reason }) => ({ subject_id, reason }))).toEqual(expected);
  const rare = await listOperations(operate, {
    subject: 'rare',
    actor: 'rare',
    action: 'key_revoked',
    limit: 5,
  });
  expect(rare).toHaveLength(1);
});

test('the discrepancies of an order are those found to be of it and those whose entry names it, each once, newest first', async () => {
  const found = await listDiscrepancies(operate, { order: DIFFERING_ORDER, limit: 1_000 });
  const expected = await testDatabase.database.execute(
    `select discrepancy_id from movement_discrepancy
     where resolved_at is null and (payment_order_id = '${DIFFERING_ORDER}' or reference = '${DIFFERING_ORDER}')
     order by discrepancy_id desc`,
    {},
  );
  expect(expected.length).toBeGreaterThan(PAGE);
  expect(found.map(({ discrepancy_id }) => discrepancy_id)).toEqual(
    expected.map(({ discrepancy_id }) => discrepancy_id),
  );
});

test('what is parked for a pause is counted up to ten thousand', async () => {
  const { database } = testDatabase;
  await database.execute(`insert into processing_pause values ('all', clock(), 'ann', 'a test')`, {});
  await database.execute(`insert into psp_circuit (psp, changed_at) values ('simulator', clock())`, {});
  await database.execute(
    `update instruction set state = 'ready', parked = true, waits_for = 'pause:all'
     where state = 'ready'`,
    {},
  );
  const [pause] = await listPauses(operate);
  const [circuit] = await listCircuits(operate);
  expect(pause?.parked).toBeGreaterThan(100);
  expect(circuit?.parked).toBe(0);
});
