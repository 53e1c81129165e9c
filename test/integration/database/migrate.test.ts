import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Migration, migrate, readMigrations } from '../../../adapters/database/migrate.ts';
import { setUpRoles } from '../../../adapters/database/set-up/roles.ts';
import { inTransaction } from '../../../adapters/database/transaction.ts';
import { beginPostgresTransaction } from '../../../local/postgres/postgres-transaction.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/postgres.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createEmptyDatabase();
  await inTransaction(begin, setUpRoles);
});
afterEach(() => database.drop());

const begin = () => beginPostgresTransaction(database.url);
const run = (migrations: readonly Migration[]) => migrate(migrations, begin);

const ONE = { name: '000001_one.sql', sql: 'create table one (id int); insert into one values (1)' };
const TWO = { name: '000002_two.sql', sql: 'create table two (id int)' };

async function tables(): Promise<readonly string[]> {
  const rows = await database.database.execute(
    `select tablename from pg_tables where schemaname = 'public' and tablename <> 'schema_migration' order by 1`,
    {},
  );
  return rows.map((row) => String(row.tablename));
}

describe('migrations', () => {
  test('apply in order, once', async () => {
    expect(await run([ONE, TWO])).toEqual([ONE.name, TWO.name]);
    expect(await run([ONE, TWO])).toEqual([]);
    expect(await database.database.execute('select count(*)::int as n from one', {})).toEqual([{ n: 1 }]);
  });

  test('of two runs at once are applied by one of them', async () => {
    const applied = await Promise.all([run([ONE, TWO]), run([ONE, TWO])]);
    expect(applied.flat().toSorted()).toEqual([ONE.name, TWO.name]);
    expect(await database.database.execute('select count(*)::int as n from one', {})).toEqual([{ n: 1 }]);
  });

  test('leave everything as it was when the last of them fails', async () => {
    await run([ONE]);
    const broken = {
      name: '000003_broken.sql',
      sql: 'create table three (id int); create tabel four (id int)',
    };
    await expect(run([ONE, TWO, broken])).rejects.toThrow(
      /000003_broken.sql, statement 2: syntax error .* Nothing was applied/,
    );
    expect(await tables()).toEqual(['one']);
    expect(await run([ONE, TWO])).toEqual([TWO.name]);
  });

  test('refuse a file that was changed after it was applied, by its name', async () => {
    await run([ONE]);
    await expect(run([{ ...ONE, sql: `${ONE.sql} ` }])).rejects.toThrow(/000001_one.sql was changed/);
  });

  test('leave a newer database as it is: the code that was rolled back runs on it', async () => {
    await run([ONE, TWO]);
    expect(await run([ONE])).toEqual([]);
    expect(await tables()).toEqual(['one', 'two']);
  });

  test('refuse one that is missing here or sorts before what was applied', async () => {
    await run([ONE, TWO]);
    await expect(run([TWO])).rejects.toThrow(/000001_one.sql was applied .* not here/);
    await expect(run([ONE, { ...TWO, name: '000001_zero.sql' }, TWO])).rejects.toThrow(
      /give it a higher number/,
    );
  });

  test('of the product carry data from each earlier schema to the newest', async () => {
    const all = readMigrations(new URL('../../../db/migrations/', import.meta.url));
    await run(all.slice(0, 3));
    const client = new pg.Client(database.url);
    await client.connect();
    await client.query(`
      insert into payment values ('pay_1', 'mer', 'ref', 'b', 'sim_ok', '{}', now(), 1);
      insert into payment_order values ('ord_1', 'pay_1', 'mer', 0, 100, 'KRW', '[]', false, 'simulator',
        'NOT_STARTED', 'queued', null, null, now(), now());
      insert into instruction (instruction_id, payment_order_id, payment_id, merchant_id, seq, operation, not_before,
        last_sent_at, parked) values ('ins_1', 'ord_1', 'pay_1', 'mer', 0, 'charge', now(), now(), true);
      insert into evidence values ('ins_1', 1, 'c', 0, 'ord_1', 'ask', 'x', '{}', now(), now(), now())`);
    expect(await run(all)).toEqual(all.slice(3).map(({ name }) => name));
    const { rows } = await client.query(
      'select state, parked, waits_for, relay_due_at = not_before as due from instruction',
    );
    await client.end();
    expect(rows).toEqual([{ state: 'ready', parked: true, waits_for: null, due: true }]);
  });
});
