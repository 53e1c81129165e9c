import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import {
  DEAD_LETTER_STATES,
  type DeadLetterFilter,
  listDeadLetters,
} from '../../../adapters/database/statements/list-dead-letters.ts';
import { listEvents, showEvent } from '../../../adapters/database/statements/list-events.ts';
import { listApiKeys } from '../../../adapters/database/statements/operate-keys.ts';
import {
  listOperations,
  OPERATIONS,
  type OperationQuery,
} from '../../../adapters/database/statements/operation-log.ts';
import { listCircuits, listPauses } from '../../../adapters/database/statements/processing-pauses.ts';
import { EVENT_STATES } from '../../../adapters/database/statements/receive-event.ts';
import { generateHistory } from '../../../bench/history/generate.ts';
import { QUIET_MERCHANT } from '../../../bench/history/generate-sql.ts';
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

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  session = await PlannedSession.open(testDatabase.url, 'operate');
  await generateHistory(testDatabase.url, { payments: 2_000, days: 300 });
  const { database } = testDatabase;
  // Many of each kind, and one of each that is looked for, long ago.
  await database.execute(
    `insert into operation_log (subject_id, action, actor, reason, origin, at)
     select 'subject_' || n % 7, case when n % 2 = 0 then 'redriven' else 'closed' end, 'actor_' || n % 3, 'many',
            case when n % 5 = 0 then 'a laptop' else 'pipeline' end, clock() - make_interval(mins => n)
     from generate_series(1, 6000) as n
     union all
     select 'rare', 'key_revoked', 'rare', 'one', 'a laptop', clock() - interval '200 days'`,
    {},
  );
  await database.execute(
    `insert into dead_letter (dead_letter_id, is_poison, poison_state, poison_body, reason, first_seen_at, last_seen_at)
     select 'sha256:' || n, true, case when n % 2 = 0 then 'waiting' else 'closed' end, '\\x00', 'many',
            clock() - make_interval(mins => n), clock() - make_interval(mins => n)
     from generate_series(1, 3000) as n`,
    {},
  );
  await database.execute(
    `insert into psp_event (event_id, psp_account, psp_event_id, type, object_id, object_state, created_at, signed_at,
                            received_at, instruction_id, state, is_reordered, body_sha256, body_bytes, body)
     select 'pev_' || lpad(n::text, 6, '0'), case when n % 3 = 0 then 'simulator_2' else 'simulator' end, 'evt_' || n,
            'charge.succeeded', 'ch_' || n, 'succeeded', clock() - make_interval(mins => n), clock(),
            clock() - make_interval(mins => n), 'ins_' || n % 50, case when n % 100 = 0 then 'early' else 'matched' end,
            false, repeat('0', 64), 1, '\\x00'
     from generate_series(1, 6000) as n`,
    {},
  );
  await database.execute(
    `insert into api_key (api_key_id, merchant_id, secret_hash, created_at, revoked_at)
     select 'key_' || n, '${QUIET_MERCHANT}', repeat('0', 64), clock() - make_interval(mins => n), clock()
     from generate_series(1, 3000) as n`,
    {},
  );
});
afterAll(async () => {
  await session.close();
  await testDatabase.drop();
});

/** An operator's statements are planned for what they ask for. */
const modes: readonly PlanMode[] = ['force_custom_plan'];

/** Rows that the statement behind a list reads. */
async function rowsOf(list: (database: Database) => Promise<unknown>, mode: PlanMode): Promise<number> {
  let rows = 0;
  await list({
    execute: async (sql, input) => {
      rows = await session.rowsRead(sql, Object(input), mode);
      return [];
    },
  });
  return rows;
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
        const list = (database: Database) => listDeadLetters(database, { states, limit: PAGE, ...filter });
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
              const query: OperationQuery = { subject, action, actor, sinceSeconds, byPeople, limit: PAGE };
              const rows = await rowsOf((database) => listOperations(database, query), mode);
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
          const filter = { states, psp, before, limit: PAGE };
          const rows = await rowsOf((database) => listEvents(database, filter), mode);
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

  test('of keys, with every filter', async () => {
    for (const merchantId of [undefined, 'mer_busy', 'mer_0']) {
      for (const revokedToo of [true, false]) {
        const list = (database: Database) => listApiKeys(database, { merchantId, revokedToo, limit: PAGE });
        // The keys of one merchant are few.
        expect(await rowsOf(list, mode)).toBeLessThanOrEqual(PAGE * JOINED);
      }
    }
  });
});

test('the operation log is listed newest first, with every filter', async () => {
  const found = await listOperations(testDatabase.as('oncepay_operate'), { byPeople: true, limit: 100 });
  const expected = await testDatabase.database.execute(
    `select subject_id, reason from operation_log where origin <> 'pipeline' order by at desc, operation_log_id desc limit 100`,
    {},
  );
  expect(found.map(({ subject_id, reason }) => ({ subject_id, reason }))).toEqual(expected);
  const rare = await listOperations(testDatabase.as('oncepay_operate'), {
    subject: 'rare',
    actor: 'rare',
    action: 'key_revoked',
    limit: 5,
  });
  expect(rare).toHaveLength(1);
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
  const [pause] = await listPauses(testDatabase.as('oncepay_operate'));
  const [circuit] = await listCircuits(testDatabase.as('oncepay_operate'));
  expect(pause?.parked).toBeGreaterThan(100);
  expect(circuit?.parked).toBe(0);
});
