import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database, JsonInput } from '../../../adapters/database/database.ts';
import {
  LIST_OF_ALL_SQL,
  LIST_OF_MERCHANT_SQL,
  summarizePayments,
} from '../../../adapters/database/statements/operate-payments.ts';
import {
  LIST,
  listPayments,
  type PaymentFilter,
} from '../../../adapters/database/statements/read-payments.ts';
import { generateHistory } from '../../../bench/history/generate.ts';
import { BUSY_MERCHANT, QUIET_MERCHANT } from '../../../bench/history/generate-sql.ts';
import { PAYMENT_STATUSES } from '../../../domain/payment/status.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { type PlanMode, PlannedSession } from '../../support/rows-read.ts';

/** Of some, what is looked for is rare and old: of one in twenty the failures are all in the oldest tenth. */
const PAYMENTS = 6_000;
const PAGE = 10;
/** A page of each status; each payment with its orders, three at most. */
const ROWS = PAGE * (PAYMENT_STATUSES.length + 1 + 3);
const DAY = 86_400_000;

let testDatabase: TestDatabase;
/** Their plans were made over empty tables. */
let early: { readonly [Merchant in string]: PlannedSession };
let operator: PlannedSession;

const merchants = [BUSY_MERCHANT, QUIET_MERCHANT];
const inputOf = async (list: (database: Database) => Promise<unknown>): Promise<object> => {
  let input: JsonInput = null;
  await list({
    execute: async (_, given) => {
      input = given;
      return [];
    },
  });
  return Object(input);
};
const filter = (given: Partial<PaymentFilter>): PaymentFilter => ({
  status: undefined,
  createdFrom: undefined,
  createdTo: undefined,
  after: undefined,
  limit: PAGE,
  ...given,
});

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { url } = testDatabase;
  early = Object.fromEntries(
    await Promise.all(merchants.map(async (id) => [id, await PlannedSession.open(url, 'read', id)] as const)),
  );
  operator = await PlannedSession.open(url, 'operate');
  for (const [merchantId, session] of Object.entries(early)) {
    await session.keepPlan(
      LIST.text,
      await inputOf((database) => listPayments(database, merchantId, filter({}))),
    );
  }
  await generateHistory(url, { payments: PAYMENTS, days: 300 });
});
afterAll(async () => {
  await Promise.all([...Object.values(early), operator].map((session) => session.close()));
  await testDatabase.drop();
});

const modes: readonly PlanMode[] = ['force_custom_plan', 'force_generic_plan', 'auto'];
const days = [undefined, 299, 150];

describe.each(modes)('a page of payments, planned with %s', (mode) => {
  test.each(merchants)(
    'reads no more than pages, whatever filter %s sets and wherever its page lies',
    async (merchantId) => {
      const worst: [number, object][] = [];
      for (const status of [undefined, ...PAYMENT_STATUSES]) {
        for (const from of days) {
          for (const to of days) {
            for (const cursor of days) {
              const at = (ago: number | undefined) =>
                ago === undefined ? undefined : new Date(Date.now() - ago * DAY);
              const after = at(cursor);
              const given = filter({
                status,
                createdFrom: at(from),
                createdTo: at(to),
                after: after && { createdAt: after.toISOString(), paymentId: 'pay_f' },
              });
              const input = await inputOf((database) => listPayments(database, merchantId, given));
              worst.push([await sessionOf(merchantId).rowsRead(LIST.text, input, mode), input]);
            }
          }
        }
      }
      expect(worst.filter(([rows]) => rows > ROWS)).toEqual([]);
    },
  );

  test.each(PAYMENT_STATUSES)(
    'of all merchants reads no more than pages, with the status %s',
    async (status) => {
      for (const merchant of [undefined, ...merchants]) {
        const sql = merchant === undefined ? LIST_OF_ALL_SQL : LIST_OF_MERCHANT_SQL;
        const input = await inputOf((database) =>
          summarizePayments(database, { merchant, status, limit: PAGE }),
        );
        for (const after of [undefined, ...(await positions())])
          expect(await operator.rowsRead(sql, { ...input, after }, mode)).toBeLessThanOrEqual(ROWS);
      }
    },
  );

  test('of all merchants reads no more than pages, with every status', async () => {
    const input = await inputOf((database) => summarizePayments(database, { limit: PAGE }));
    for (const after of [undefined, ...(await positions())])
      expect(await operator.rowsRead(LIST_OF_ALL_SQL, { ...input, after }, mode)).toBeLessThanOrEqual(ROWS);
  });
});

/** Near the beginning, in the middle and near the end of the history. */
function positions(): Promise<readonly object[]> {
  return testDatabase.database.execute(
    `select to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.USOF') as at, payment_id as id
     from (select *, row_number() over (order by payment_id) as n from payment) numbered
     where n in (100, ${PAYMENTS / 2}, ${PAYMENTS - 100})`,
    {},
  );
}

function sessionOf(merchantId: string): PlannedSession {
  const session = early[merchantId];
  if (session === undefined) throw new Error(`no session acts for ${merchantId}`);
  return session;
}

test('an operator finds all merchants’ payments of a status, newest first', async () => {
  const { database } = testDatabase;
  const found = await summarizePayments(testDatabase.as('oncepay_operate'), { status: 'FAILED', limit: 50 });
  const expected = await database.execute(
    `select payment_id from payment where status = 'FAILED' order by created_at desc, payment_id desc limit 50`,
    {},
  );
  expect(found.map(({ payment_id }) => payment_id)).toEqual(expected.map(({ payment_id }) => payment_id));
});
