import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Migration, migrate } from '../../../adapters/database/migrate.ts';
import { ONE_AT_A_TIME } from '../../../adapters/database/set-up/one-at-a-time.ts';
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

test('the roles are set up after another deployment, however long that takes', async () => {
  await database.database.execute(`alter database ${database.name} set statement_timeout = '50ms'`, {});
  const other = new pg.Client(database.url);
  await other.connect();
  await other.query('begin');
  for (const statement of ONE_AT_A_TIME) await other.query(statement);

  const setUp = inTransaction(begin, setUpRoles);
  const waiting = `select count(*)::int as n from pg_stat_activity
    where datname = current_database() and wait_event = 'advisory' and query_start < now() - interval '100 ms'`;
  await expect.poll(() => database.database.execute(waiting, {})).toEqual([{ n: 1 }]);
  await other.query('commit');
  await other.end();

  await expect(setUp).resolves.toBeUndefined();
});

describe('migrations', () => {
  test('are applied in order, once', async () => {
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

  test('are the same in a checkout that ends its lines in another way', async () => {
    const sql = 'create table one (\n  id int\n)';
    await run([{ ...ONE, sql: sql.replaceAll('\n', '\r\n') }]);
    expect(await run([{ ...ONE, sql }])).toEqual([]);
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
});
