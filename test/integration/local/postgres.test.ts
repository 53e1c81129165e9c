import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBinaries } from '../../../local/postgres/binaries.ts';
import { postgresHome } from '../../../local/postgres/home.ts';
import { stopOrphan } from '../../../local/postgres/orphan.ts';
import { startServer } from '../../../local/postgres/server-process.ts';
import { type RunningPostgres, startPostgres } from '../../../local/postgres/start-postgres.ts';
import { withClient } from '../../../local/postgres/with-client.ts';
import { isAlive } from '../../../local/process-id.ts';

let directory: string;
let postgres: RunningPostgres;
const troubles: string[] = [];

const start = async () => {
  const onTrouble = (line: string) => troubles.push(line);
  postgres = await startPostgres({ directory, port: 0, database: 'money', onTrouble });
};
const pidFile = () => join(postgres.directory, 'data', 'postmaster.pid');
const answer = () =>
  withClient({ connectionString: postgres.url }, async (client) => {
    const { rows } = await client.query('select count(*)::int as n from kept');
    return rows;
  });

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-postgres-'));
  await start();
  await withClient({ connectionString: postgres.url }, (client) =>
    client.query('create table kept (id int)'),
  );
});
afterAll(async () => {
  await postgres.close();
  rmSync(postgres.directory, { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
});

test('a killed server is restarted, and only connected clients fail', async () => {
  const before = postgres.pid;
  const client = new pg.Client(postgres.url);
  const broken = new Promise((resolve) => client.on('error', resolve));
  await client.connect();

  process.kill(before, 'SIGKILL');

  await broken;
  await expect.poll(() => troubles, { timeout: 20_000 }).toContain('PostgreSQL accepts connections again');
  expect(troubles[0]).toBe('PostgreSQL ended (SIGKILL); starting it again');
  expect(postgres.pid).not.toBe(before);
  expect(await answer()).toEqual([{ n: 0 }]);
});

test('a stopped server is not restarted', async () => {
  troubles.length = 0;
  const { pid } = postgres;
  await postgres.close();
  expect([isAlive(pid), troubles]).toEqual([false, []]);
  await start();
});

describe('a start finds a pid file', () => {
  test.each([
    ['that is empty', ''],
    ['that names the own process group', '0\n'],
    ['that names the first process', '1\n'],
    ['that is negative', '-1\n'],
    ['that names this very process', `${process.pid}\n`],
    ['that names another of its user’s', `${process.ppid}\n`],
  ])('%s, signals no other process and serves', async (_what, text) => {
    await postgres.close();
    writeFileSync(pidFile(), text);
    await start();
    expect(await answer()).toEqual([{ n: 0 }]);
  });
});

test('a server that outlived its runtime is stopped, though its pid file names no process', async () => {
  await postgres.close();
  const home = postgresHome(directory, findBinaries());
  const orphan = await startServer(home, { port: postgres.port, durable: false, url: postgres.url });
  expect(readFileSync(pidFile(), 'utf8')).toContain(String(orphan.pid));
  writeFileSync(pidFile(), '');

  await stopOrphan(home.data);

  await expect.poll(() => orphan.exitCode ?? orphan.signalCode).not.toBeNull();
  await start();
});
