import { afterAll, beforeAll, expect, test } from 'vitest';
import { INVARIANTS } from '../../../adapters/database/statements/invariants.ts';
import { checkInvariant } from '../../../adapters/database/statements/verify.ts';
import { ORDER_AMOUNTS } from '../../../domain/ledger/order-amounts.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { runSchedule, type ScheduleOptions } from '../run-schedule.ts';
import { CheckedDatabase } from './checked-database.ts';
import { ModelState } from './state.ts';

/** More on demand: MODEL_SCHEDULES=1000 npx vitest run --project simulation test/simulation/model */
const SCHEDULES = Number(process.env.MODEL_SCHEDULES ?? 40);

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { database } = testDatabase;
  await database.execute('create table simulated_clock (now timestamptz not null)', {});
  await database.execute('insert into simulated_clock values (clock())', {});
  // `wake_v1` runs with the rights of the schema's owner.
  await database.execute('grant select on simulated_clock to public', {});
  await database.execute(
    "create or replace function clock() returns timestamptz language sql stable as 'select now from simulated_clock'",
    {},
  );
});
afterAll(() => testDatabase.drop());

const TABLES = [
  'psp_event',
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

/** Amounts, movements and ledger, which no statement of the protocol reads back. */
async function moneyInPostgres() {
  const { database } = testDatabase;
  const [orders, movements, postings] = await Promise.all([
    database.execute(
      `select payment_order_id as id, ${ORDER_AMOUNTS.map((name) => `${name}::text`).join(', ')} from payment_order order by 1`,
      {},
    ),
    database.execute(
      `select movement_id as id, kind, amount_minor::text as amount, currency, instruction_id, payment_order_id
       from movement order by 1`,
      {},
    ),
    database.execute(
      `select ledger_transaction_id as id, source_id, posting_type, direction, phase, amount_minor::text as amount, currency,
              account_kind || ' ' || account_owner as account
       from ledger_transaction join ledger_entry using (ledger_transaction_id) order by 1, entry_no`,
      {},
    ),
  ]);
  return { orders, movements, postings };
}

/** What was stored of events, and how it was found. */
async function eventsInPostgres() {
  return testDatabase.database.execute(
    `select event_id as id, state, is_reordered, deliveries, instruction_id, payment_order_id from psp_event order by 1`,
    {},
  );
}

function eventsIn(state: ModelState) {
  return [...state.events.values()]
    .map((event) => ({
      id: event.id,
      state: event.state,
      is_reordered: event.isReordered,
      deliveries: event.deliveries,
      instruction_id: event.instructionId,
      payment_order_id: event.paymentOrderId,
    }))
    .toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

function moneyIn(state: ModelState) {
  const byId = (one: { readonly id: string }, other: { readonly id: string }) => (one.id < other.id ? -1 : 1);
  const orders = [...state.orders.values()].map(({ id, amounts }) => ({
    id,
    ...Object.fromEntries(ORDER_AMOUNTS.map((name) => [name, String(amounts[name])])),
  }));
  const movements = [...state.movements.values()].map((movement) => ({
    id: movement.id,
    kind: movement.kind,
    amount: String(movement.amountMinor),
    currency: movement.currency,
    instruction_id: movement.instructionId,
    payment_order_id: movement.orderId,
  }));
  const postings = [...state.postings].map(([id, posting]) => ({ id, ...posting })).toSorted(byId);
  return {
    orders: orders.toSorted(byId),
    movements: movements.toSorted(byId),
    postings: postings.flatMap(({ id, sourceId, postingType, entries }) =>
      entries.map(({ amountMinor, ...entry }) => ({
        id,
        source_id: sourceId,
        posting_type: postingType,
        amount: String(amountMinor),
        ...entry,
      })),
    ),
  };
}

async function playOnBoth(options: ScheduleOptions): Promise<void> {
  const { database } = testDatabase;
  await empty();
  let diverged: unknown;
  let state = new ModelState();
  const { violations } = await runSchedule({
    ...options,
    beside: (model, scheduler) => {
      state = model.state;
      let set = '';
      const checked = new CheckedDatabase(database, model, async () => {
        const now = new Date(scheduler.clock.now()).toISOString();
        if (now === set) return;
        set = now;
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
  expect(await moneyInPostgres()).toEqual(moneyIn(state));
  expect(await eventsInPostgres()).toEqual(eventsIn(state));
  for (const invariant of INVARIANTS.slice(0, -1)) {
    const subjects = (await checkInvariant(database, invariant))?.examples ?? [];
    const inReview = await ordersInReviewForAPredecessor();
    expect(
      subjects.filter((subject) => !inReview.has(subject)),
      invariant.name,
    ).toEqual([]);
  }
}

test.each(Array.from({ length: SCHEDULES }, (_, index) => index + 1))(
  'PostgreSQL answers every statement as the model does, with seed %i',
  (seed) => playOnBoth({ seed }),
);

test.each([1, 2, 3, 4])(
  'PostgreSQL answers as the model does where orders reserve amounts, with seed %i',
  (seed) => playOnBoth({ seed, ordersWithParents: 1, captures: true, payments: 1 }),
);
