import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrate, readMigrations } from '../../../adapters/database/migrate.ts';
import { setUpRoles } from '../../../adapters/database/set-up/roles.ts';
import { inTransaction } from '../../../adapters/database/transaction.ts';
import { beginPostgresTransaction } from '../../../local/postgres/postgres-transaction.ts';
import { setUpDatabase } from '../../../local/postgres/set-up-database.ts';
import { leaveBehind } from '../../support/earlier-data.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/postgres.ts';

const ALL = readMigrations(new URL('../../../db/migrations/', import.meta.url));
/** Before orders came with their payments. */
const EARLIER = 11;
const PAGE = readFileSync(new URL('../../../docs/operate.md', import.meta.url), 'utf8');

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createEmptyDatabase();
  const begin = () => beginPostgresTransaction(database.url);
  await inTransaction(begin, setUpRoles);
  await migrate(ALL.slice(0, EARLIER), begin);
  client = new pg.Client(database.url);
  await client.connect();
  await leaveBehind(client, EARLIER);
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

async function fileOf(relation: string): Promise<unknown> {
  const { rows } = await client.query('select pg_relation_filenode($1::regclass) as file', [relation]);
  return rows[0].file;
}

describe('what takes a lock for long', () => {
  test('is made beside the deployment as the page says, and found by it', async () => {
    const [, block] = /```sql\n(set role oncepay_owner;[^`]+)```/.exec(PAGE) ?? [];
    const statements = (block ?? '').trim().split('\n');
    expect(statements).toHaveLength(7);
    for (const statement of statements) await client.query(statement);
    await client.query('reset role');
    const made = await fileOf('payment_accepted_in');

    expect(await setUpDatabase(database.url)).toEqual(ALL.slice(EARLIER).map(({ name }) => name));

    expect(await fileOf('payment_accepted_in')).toBe(made);
  });

  test('then holds for what was there: nobody adds an order to a payment of before', async () => {
    await expect(
      client.query(`
        insert into payment_order (payment_order_id, payment_id, merchant_id, position, amount_minor, currency, splits,
                                   is_split, psp, created_at, updated_at)
        select 'ord_added', payment_id, merchant_id, 1, 1, 'KRW', '[]', false, 'simulator', now(), now()
        from payment limit 1`),
    ).rejects.toMatchObject({ code: '23503', constraint: 'payment_order_comes_with_its_payment' });
  });
});
