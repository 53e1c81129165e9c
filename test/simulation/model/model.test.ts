import { afterAll, beforeAll, expect, test } from 'vitest';
import { INVARIANTS } from '../../../adapters/database/statements/invariants.ts';
import { checkInvariant } from '../../../adapters/database/statements/verify.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { runSchedule } from '../run-schedule.ts';
import { CheckedDatabase } from './checked-database.ts';

/** More on demand: MODEL_SCHEDULES=1000 npx vitest run --project simulation test/simulation/model */
const SCHEDULES = Number(process.env.MODEL_SCHEDULES ?? 40);

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await database.execute('create table simulated_clock (now timestamptz not null)', {});
  await database.execute('insert into simulated_clock values (clock())', {});
  await database.execute(
    "create or replace function clock() returns timestamptz language sql stable as 'select now from simulated_clock'",
    {},
  );
});
afterAll(() => testDatabase.drop());

const TABLES = [
  'ledger_entry',
  'ledger_transaction',
  'movement',
  'account_balance',
  'evidence',
  'dead_letter',
  'operation_log',
  'psp_circuit',
  'psp_limiter',
  'idempotency_key',
  'instruction',
  'payment_order',
  'payment',
];

/** Each schedule begins with nothing; the tables that refuse it are emptied past their triggers. */
async function empty(): Promise<void> {
  const { database } = testDatabase;
  await database.execute("set session_replication_role = 'replica'", {});
  for (const table of TABLES) await database.execute(`delete from ${table}`, {});
  await database.execute("set session_replication_role = 'origin'", {});
}

/** `verify` knows orders of one instruction: such an order is in review, and its charge waits. */
async function ordersInReviewForAPredecessor(): Promise<ReadonlySet<unknown>> {
  const rows = await testDatabase.database.execute(
    `select payment_order_id as id from instruction where state = 'quarantined' and operation = 'authorize'`,
    {},
  );
  return new Set(rows.map(({ id }) => id));
}

test.each(Array.from({ length: SCHEDULES }, (_, index) => index + 1))(
  'PostgreSQL answers every statement as the model does, with seed %i',
  async (seed) => {
    const { database } = testDatabase;
    await empty();
    let diverged: unknown;
    const { violations } = await runSchedule({
      seed,
      beside: (model, scheduler) => {
        const checked = new CheckedDatabase(database, model, async () => {
          const now = new Date(scheduler.clock.now()).toISOString();
          await database.execute(`update simulated_clock set now = '${now}'`, {});
        });
        return {
          execute: async (sql, input) => {
            try {
              return await checked.execute(sql, input);
            } catch (error) {
              diverged ??= error;
              throw error;
            }
          },
        };
      },
    });
    expect(diverged).toBeUndefined();
    expect(violations).toEqual([]);
    for (const invariant of INVARIANTS.slice(0, -1)) {
      const subjects = (await checkInvariant(database, invariant))?.examples ?? [];
      const inReview = await ordersInReviewForAPredecessor();
      expect(
        subjects.filter((subject) => !inReview.has(subject)),
        invariant.name,
      ).toEqual([]);
    }
  },
);
