import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { PAGE_ROWS } from '../../../adapters/database/read-in-pages.ts';
import {
  DEAD_LETTER_STATES,
  listDeadLetters,
} from '../../../adapters/database/statements/list-dead-letters.ts';
import { listEvents } from '../../../adapters/database/statements/list-events.ts';
import { listDiscrepancies, listMovements } from '../../../adapters/database/statements/list-movements.ts';
import { listApiKeys } from '../../../adapters/database/statements/operate-keys.ts';
import { summarizePayments } from '../../../adapters/database/statements/operate-payments.ts';
import { listOperations } from '../../../adapters/database/statements/operation-log.ts';
import { EVENT_STATES } from '../../../adapters/database/statements/receive-event.ts';
import { generateHistory } from '../../../bench/history/generate.ts';
import { BUSY_MERCHANT, QUIET_MERCHANT } from '../../../bench/history/generate-sql.ts';
import { DataApi } from '../../support/data-api.ts';
import { fillLists } from '../../support/fill-lists.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

/** Of each kind; of the Data API's 1 MB, they need more than one answer. */
const ROWS = 8_000;
/** Of the runbook. */
const LIMIT = 100_000;
const ANSWER_BYTES = 1_048_576;

let testDatabase: TestDatabase;
let dataApi: DataApi;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  dataApi = await DataApi.start(testDatabase);
  await generateHistory(testDatabase.url, { payments: ROWS, days: 300 });
  await fillLists(testDatabase.database, ROWS);
  await testDatabase.database.execute('delete from movement_discrepancy where resolved_at is not null', {});
});
afterAll(async () => {
  await dataApi.close();
  await testDatabase.drop();
});

/** Amounts are bigints. */
const asText = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

type List = (database: Database, limit: number) => Promise<readonly object[]>;

/** Each list, what names its rows, and all of them in its order. */
const LISTS: readonly (readonly [string, List, string, string])[] = [
  [
    'payments list',
    (database, limit) => summarizePayments(database, { limit }),
    'payment_id',
    'select payment_id as name from payment order by payment_id desc',
  ],
  [
    'audit list',
    (database, limit) => listOperations(database, { limit }),
    'reason',
    'select reason as name from operation_log order by at desc, operation_log_id desc',
  ],
  [
    'events list',
    (database, limit) => listEvents(database, { states: EVENT_STATES, limit }),
    'event_id',
    'select event_id as name from psp_event order by event_id desc',
  ],
  [
    'keys list --all',
    (database, limit) => listApiKeys(database, { revokedToo: true, limit }),
    'api_key_id',
    'select api_key_id as name from api_key order by created_at desc, api_key_id desc',
  ],
  [
    'keys list --all --merchant',
    (database, limit) => listApiKeys(database, { merchantId: QUIET_MERCHANT, revokedToo: true, limit }),
    'api_key_id',
    `select api_key_id as name from api_key where merchant_id = '${QUIET_MERCHANT}'
     order by created_at desc, api_key_id desc`,
  ],
  [
    'dead-letters list --all',
    (database, limit) => listDeadLetters(database, { states: DEAD_LETTER_STATES, limit }),
    'dead_letter_id',
    'select dead_letter_id as name from dead_letter order by last_seen_at desc, dead_letter_id desc',
  ],
  [
    'quarantine list',
    (database, limit) => listDeadLetters(database, { states: ['quarantined'], limit }),
    'dead_letter_id',
    `select dead_letter_id as name from dead_letter where state = 'quarantined'
     order by last_seen_at desc, dead_letter_id desc`,
  ],
  [
    'movements list',
    (database, limit) => listMovements(database, { limit }),
    'movement_id',
    'select movement_id as name from movement order by movement_id desc',
  ],
  [
    'movements list --unknown',
    (database, limit) => listDiscrepancies(database, { limit }),
    'discrepancy_id',
    'select discrepancy_id as name from movement_discrepancy order by discrepancy_id desc',
  ],
];

describe('through the Data API, a list of more than one answer holds', () => {
  test.each(LISTS)('comes whole and in its order: %s', async (_command, list, name, sql) => {
    const listed = await list(dataApi.database(testDatabase.name), LIMIT);
    const expected = await testDatabase.database.execute(sql, {});

    expect(listed.map((row) => Reflect.get(row, name))).toEqual(expected.map((row) => row.name));
    expect(JSON.stringify(listed, asText).length).toBeGreaterThan(ANSWER_BYTES);
  });

  test('comes up to its limit', async () => {
    const limit = 2 * PAGE_ROWS + 1;
    const database = dataApi.database(testDatabase.name);
    for (const [, list] of LISTS) expect(await list(database, limit)).toHaveLength(limit);
  });
});

test('the payments of one merchant come in their order on every page', async () => {
  const { database } = testDatabase;
  const listed = await summarizePayments(database, { merchant: BUSY_MERCHANT, limit: LIMIT });
  const expected = await database.execute(
    `select payment_id from payment where merchant_id = '${BUSY_MERCHANT}' order by created_at desc, payment_id desc`,
    {},
  );
  expect(expected.length).toBeGreaterThan(PAGE_ROWS);
  expect(listed.map(({ payment_id }) => payment_id)).toEqual(expected.map(({ payment_id }) => payment_id));
});

test('a page whose rows are larger than others is halved until it fits', async () => {
  const { database } = testDatabase;
  await database.execute(
    `insert into dead_letter (dead_letter_id, is_poison, poison_state, poison_body, reason, first_seen_at, last_seen_at)
     select 'sha256:wide' || n, true, 'waiting', '\\x00', repeat('💳', 800), clock(), clock() - interval '400 days'
     from generate_series(1, 1000) as n`,
    {},
  );
  const limits: number[] = [];
  const narrow = dataApi.database(testDatabase.name);
  const watched: Database = {
    execute: (sql, input) => {
      limits.push(Number(Reflect.get(Object(input), 'limit')));
      return narrow.execute(sql, input);
    },
  };

  const listed = await listDeadLetters(watched, {
    states: ['waiting'],
    olderThanSeconds: 399 * 86_400,
    limit: 1_000,
  });

  expect(listed).toHaveLength(1_000);
  expect(limits).toEqual([500, 250, 250, 250, 250]);
});
