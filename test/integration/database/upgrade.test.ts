import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrate, readMigrations } from '../../../adapters/database/migrate.ts';
import { setUpRoles } from '../../../adapters/database/set-up/roles.ts';
import { listDeadLetters } from '../../../adapters/database/statements/list-dead-letters.ts';
import { planRedrive } from '../../../adapters/database/statements/redrive-dead-letters.ts';
import { checkInvariant, INVARIANTS } from '../../../adapters/database/statements/verify.ts';
import { inTransaction } from '../../../adapters/database/transaction.ts';
import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import type { InstructionMessage } from '../../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../../adapters/time.ts';
import { relayInstructions } from '../../../lambdas/relay-instructions/relay.ts';
import { beginPostgresTransaction } from '../../../local/postgres/postgres-transaction.ts';
import { setUpDatabase } from '../../../local/postgres/set-up-database.ts';
import { instructionsLeft, leaveBehind } from '../../support/earlier-data.ts';
import { ExecutorHarness, recordOf, succeeded } from '../../support/executor.ts';
import { storePayment } from '../../support/payments.ts';
import {
  cloneDatabase,
  createEmptyDatabase,
  createTestDatabase,
  type TestDatabase,
} from '../../support/postgres.ts';

const ALL = readMigrations(new URL('../../../db/migrations/', import.meta.url));
const NAMES = ALL.map(({ name }) => name);
/** A schema's number is the number of its migrations; the last but one is the newest that is an earlier one. */
const EARLIER = NAMES.slice(0, -1).map((name, index) => [index + 1, name] as const);

/** By schema: a database in which every version up to that of its time has worked; and of one schema a second. */
const databases = new Map<number, TestDatabase>();
const OF_BOTH = 3;
let ofBoth: TestDatabase;

beforeAll(async () => {
  const growing = await createEmptyDatabase();
  const begin = () => beginPostgresTransaction(growing.url);
  await inTransaction(begin, setUpRoles);
  for (const [schema] of EARLIER) {
    await migrate(ALL.slice(0, schema), begin);
    const client = await connect(growing);
    await leaveBehind(client, schema);
    await client.end();
    databases.set(schema, await cloneDatabase(growing));
    if (schema === OF_BOTH) ofBoth = await cloneDatabase(growing);
  }
  await growing.drop();
});
afterAll(() => Promise.all([...databases.values()].map((database) => database.drop())));

function databaseOf(schema: number): TestDatabase {
  const database = databases.get(schema);
  if (database === undefined) throw new Error(`there is no database of schema ${schema}`);
  return database;
}

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
  const execute = database.as('oncepay_execute');
  const sent: InstructionMessage[] = [];
  const send = async (messages: readonly InstructionMessage[]) => {
    sent.push(...messages);
    return [];
  };
  await relayInstructions({
    database: execute,
    queue: { send },
    activity: alwaysActive,
    time: systemTime,
    sentAgain: () => {},
  });
  const harness = new ExecutorHarness(execute);
  harness.psp.onLookUp = async (request) => ({ kind: 'found', outcome: succeeded(request) });
  for (let start = 0; start < sent.length; start += 10) {
    expect(
      await harness.execute(...sent.slice(start, start + 10).map((message) => recordOf(message))),
    ).toEqual([]);
  }
  const ids = sent.map(({ instructionId }) => instructionId);
  return { ids, sends: harness.psp.charges.length, asks: harness.psp.lookUps.length };
}

describe('a database of an earlier schema', () => {
  test.each(EARLIER)(
    '%i (%s) becomes the newest with all that is in it, and goes on',
    { timeout: 60_000 },
    async (schema) => {
      const database = databaseOf(schema);
      const before = await everyRow(database);

      expect(await setUpDatabase(database.url)).toEqual(NAMES.slice(schema));

      expectKept(before, await everyRow(database));
      const left = (name: string) => instructionsLeft(name, schema);
      const { ids, sends, asks } = await relayAndExecute(database);
      const [fresh, parked] = [left('never claimed'), left('parked')];
      const [crashed, unknown] = [left('claimed by a worker that died'), left('of unknown outcome')];
      expect(ids.toSorted()).toEqual([...fresh, ...parked, ...crashed, ...unknown].toSorted());
      expect({ sends, asks }).toEqual({
        sends: fresh.length + parked.length,
        asks: crashed.length + unknown.length,
      });
      await storePayment(database.as('oncepay_accept'));
      await expectInvariants(database);
      const operator = database.as('oncepay_operate');
      const quarantined = await listDeadLetters(operator, { states: ['quarantined'], limit: 100 });
      expect(quarantined.map((letter) => letter.dead_letter_id)).toEqual(
        expect.arrayContaining([...left('in quarantine')]),
      );
      const plan = await planRedrive(database.as('oncepay_execute'), {
        restSeconds: [0],
        filter: {},
        limit: 100,
      });
      expect(plan.map((letter) => letter.dead_letter_id).toSorted()).toEqual(
        left('dead-lettered').toSorted(),
      );
    },
  );
});

describe('two deployments at once', () => {
  test.each([0, OF_BOTH])('bring a database of schema %i to the newest together', async (schema) => {
    const database = schema === 0 ? await createEmptyDatabase() : ofBoth;

    const applied = await Promise.all([setUpDatabase(database.url), setUpDatabase(database.url)]);

    expect(applied.flat()).toEqual(NAMES.slice(schema));
    expect(applied.some((names) => names.length === 0)).toBe(true);
    await storePayment(database.as('oncepay_accept'));
    expect((await relayAndExecute(database)).ids).toHaveLength(schema === 0 ? 0 : 8);
    await expectInvariants(database);
    await database.drop();
  });
});

describe('a deployment whose newest migration fails', () => {
  const BROKEN = {
    name: '999999_broken.sql',
    sql: 'alter table payment_order rename column psp to provider; drop table hold; select 1 / 0',
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
    expect(await relayAndExecute(database)).toMatchObject({ sends: 2, asks: 0 });
    await expectInvariants(database);
    await database.drop();
  });
});
