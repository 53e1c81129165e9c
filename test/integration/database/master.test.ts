import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { otherLogin } from '../../../adapters/database/set-up/logins.ts';
import { scramVerifier } from '../../../adapters/database/set-up/scram.ts';
import { provideMaster } from '../../../local/postgres/master.ts';
import { setUpDatabase } from '../../../local/postgres/set-up-database.ts';
import { type RunningPostgres, startPostgres } from '../../../local/postgres/start-postgres.ts';

const MASTER = { user: 'oncepay_master', password: 'MasterPasswordOfTwentyLetters' };
const PASSWORD = 'a-long-password';
const SALT = Buffer.alloc(16, 7);

describe('a cluster whose master is no superuser, as in Aurora', () => {
  let directory: string;
  let postgres: RunningPostgres;
  let master: pg.Client;

  /** A cluster of its own: roles are the whole cluster’s, and so is what their passwords and members are. */
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'oncepay-master-'));
    postgres = await startPostgres({ directory, port: 0, database: 'mastered', durable: false });
    await provideMaster(postgres, MASTER);
    await setUpDatabase(urlOf(MASTER.user, MASTER.password));
    master = await logIn(MASTER.user, MASTER.password);
    await master.query(`alter role oncepay_read password '${scramVerifier(PASSWORD, SALT)}'`);
  });
  afterAll(async () => {
    await master.end();
    await postgres.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function urlOf(user: string, password: string): string {
    const url = new URL(postgres.url);
    url.username = user;
    url.password = password;
    return url.href;
  }

  /** With its password, as the Data API does. */
  async function logIn(user: string, password: string): Promise<pg.Client> {
    const client = new pg.Client(urlOf(user, password));
    await client.connect();
    return client;
  }

  test('is set up by it repeatedly', async () => {
    expect(await setUpDatabase(urlOf(MASTER.user, MASTER.password))).toEqual([]);
    const { rows } = await master.query(
      `select distinct tableowner from pg_tables where schemaname = 'public'`,
    );
    expect(rows).toEqual([{ tableowner: 'oncepay_owner' }]);
  });

  test('gives a login its first password, which is never in a statement', async () => {
    const client = await logIn('oncepay_read', PASSWORD);
    expect((await client.query('select current_user as me')).rows).toEqual([{ me: 'oncepay_read' }]);
    await client.end();
  });

  test('lets a login set the password only of the other login of its duty', async () => {
    const client = await logIn('oncepay_read', PASSWORD);
    const verifier = scramVerifier('another-password', SALT);
    const { rows } = await client.query('select credentials.set_other_password($1) as other', [verifier]);
    expect(rows).toEqual([{ other: otherLogin('oncepay_read') }]);
    const noted = await client.query('select login, salt from credentials.other_password()');
    expect(noted.rows).toEqual([{ login: 'oncepay_read_alternate', salt: SALT.toString('base64') }]);
    await expect(client.query(`select credentials.set_other_password('in the clear')`)).rejects.toMatchObject(
      {
        code: '22023',
      },
    );
    await client.end();
    const other = await logIn('oncepay_read_alternate', 'another-password');
    expect((await other.query('select credentials.other_login() as other')).rows).toEqual([
      { other: 'oncepay_read' },
    ]);
    await other.end();
  });

  test('does not rotate the master, which belongs to no duty', async () => {
    await expect(master.query('select credentials.other_login()')).rejects.toMatchObject({ code: '42501' });
  });
});
