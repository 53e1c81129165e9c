import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { migrate, readMigrations } from '../../../adapters/database/migrate.ts';
import { setUpRoles } from '../../../adapters/database/set-up/roles.ts';
import { INVARIANTS } from '../../../adapters/database/statements/invariants.ts';
import { checkInvariant } from '../../../adapters/database/statements/verify.ts';
import { inTransaction } from '../../../adapters/database/transaction.ts';
import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import type { InstructionMessage } from '../../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../../adapters/time.ts';
import { relayInstructions } from '../../../lambdas/relay-instructions/relay.ts';
import { beginPostgresTransaction } from '../../../local/postgres/postgres-transaction.ts';
import { setUpDatabase } from '../../../local/postgres/set-up-database.ts';
import { ExecutorHarness, recordOf, succeeded } from '../../support/executor.ts';
import { storePayment } from '../../support/payments.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

const ALL = readMigrations(new URL('../../../db/migrations/', import.meta.url));
const NAMES = ALL.map(({ name }) => name);
async function connect({ url }: TestDatabase): Promise<pg.Client> {
  const client = new pg.Client(url);
  await client.connect();
  return client;
}

/** What each version keeps for itself and may change as it comes. */
const OWN = ['schema_migration', 'schema_seal', 'stored_statement', 'pseudonym_salt'];
type Rows = Readonly<Record<string, readonly Record<string, unknown>[]>>;

async function everyRow(database: TestDatabase): Promise<Rows> {
  const client = await connect(database);
  const { rows: tables } = await client.query(
    `select tablename as name from pg_tables where schemaname = 'public'`,
  );
  const rows: Record<string, Record<string, unknown>[]> = {};
  for (const { name } of tables.filter(({ name }) => !OWN.includes(name))) {
    // When the relay comes is computed from the other columns, by each version in its way.
    const { rows: found } = await client.query(`select to_jsonb(t) - 'relay_due_at' as row from ${name} t`);
    rows[name] = found.map(({ row }) => row);
  }
  await client.end();
  return rows;
}

/** The rows as they were, of those columns that they had. */
function expectKept(before: Rows, after: Rows): void {
  for (const [table, rows] of Object.entries(before)) {
    const [first = {}] = rows;
    const columns = Object.keys(first);
    const kept = (after[table] ?? []).map((row) =>
      JSON.stringify(Object.fromEntries(columns.map((column) => [column, row[column]]))),
    );
    for (const row of rows) expect(kept, table).toContain(JSON.stringify(row));
  }
}

async function expectInvariants(database: TestDatabase): Promise<void> {
  const operator = database.as('oncepay_operate');
  for (const invariant of INVARIANTS) {
    expect(await checkInvariant(operator, invariant), invariant.name).toBeUndefined();
  }
}

/** The relay finds what waits, and the executor carries it out; where something may have been sent, the PSP has charged. */
async function relayAndExecute(database: TestDatabase) {
  const sent: InstructionMessage[] = [];
  const send = async (messages: readonly InstructionMessage[]) => {
    sent.push(...messages);
    return [];
  };
  await relayInstructions({
    database: database.as('oncepay_relay'),
    queue: { send },
    activity: alwaysActive,
    time: systemTime,
    remainingMilliseconds: () => 60_000,
    matchEvents: async () => [],
    sentAgain: () => {},
  });
  const harness = new ExecutorHarness(database.as('oncepay_execute'));
  harness.psp.onLookUp = async (request) => ({ kind: 'found', outcome: succeeded(request) });
  for (let start = 0; start < sent.length; start += 10) {
    expect(
      await harness.execute(...sent.slice(start, start + 10).map((message) => recordOf(message))),
    ).toEqual([]);
  }
  const ids = sent.map(({ instructionId }) => instructionId);
  return { ids, sends: harness.psp.charges.length, lookUps: harness.psp.lookUps.length };
}

test('two deployments at once bring an empty database to the newest schema together', async () => {
  const database = await createEmptyDatabase();

  const applied = await Promise.all([setUpDatabase(database.url), setUpDatabase(database.url)]);

  expect(applied.flat()).toEqual(NAMES);
  expect(applied.some((names) => names.length === 0)).toBe(true);
  await storePayment(database.as('oncepay_accept'));
  await expectInvariants(database);
  await database.drop();
});

test('a database from before the first release is refused with the remedy and left unchanged', async () => {
  const database = await createEmptyDatabase();
  await inTransaction(() => beginPostgresTransaction(database.url), setUpRoles);
  const earlier = [{ name: '000001_clock_and_merchants.sql', sql: 'create table merchant (id int)' }];
  await migrate(earlier, () => beginPostgresTransaction(database.url));

  await expect(setUpDatabase(database.url)).rejects.toThrow(
    /made before the first release .*000001_clock_and_merchants.sql.* --data/,
  );
  expect(await database.database.execute('select count(*)::int as n from merchant', {})).toEqual([{ n: 0 }]);
  await database.drop();
});

describe('a deployment whose newest migration fails', () => {
  const BROKEN = {
    name: '999999_broken.sql',
    sql: 'alter table payment_order rename column psp_account to provider; drop table processing_pause; select 1 / 0',
  };

  test('leaves the old version in service, while it tries and afterwards', async () => {
    const database = await createTestDatabase();
    await storePayment(database.as('oncepay_accept'));
    const before = await everyRow(database);
    let served: Promise<unknown> | undefined;
    const failing = migrate([...ALL, BROKEN], async () => {
      const transaction = await beginPostgresTransaction(database.url);
      return {
        ...transaction,
        execute: async (sql, input) => {
          // What old code asks for while the new schema is half there waits for its end, and finds the old one.
          if (sql.includes('1 / 0')) served = storePayment(database.as('oncepay_accept'));
          return transaction.execute(sql, input);
        },
      };
    });

    await expect(failing).rejects.toThrow(
      /999999_broken.sql, statement 3: division by zero. Nothing was applied/,
    );
    await served;
    expectKept(before, await everyRow(database));
    expect(await setUpDatabase(database.url)).toEqual([]);
    await database.database.execute("update instruction set last_sent_at = now() - interval '1 hour'", {});
    expect(await relayAndExecute(database)).toMatchObject({ sends: 2, lookUps: 0 });
    await expectInvariants(database);
    await database.drop();
  });
});
