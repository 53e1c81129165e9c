import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { assertPortFree, freePort } from '../free-port.ts';
import { findBinaries } from './binaries.ts';
import { type PostgresHome, postgresHome } from './home.ts';
import { stopOrphan } from './orphan.ts';
import { knownLogin, passwordFile, provideSuperuser, SUPERUSER, writePassword } from './superuser.ts';

export interface PostgresOptions {
  /** The data folder of the runtime; the cluster is kept in it, or tied to it. */
  readonly directory: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Made if it is missing. */
  readonly database: string;
  /** False only for tests, whose data nobody needs after a crash of the machine. */
  readonly durable?: boolean;
}

export interface RunningPostgres {
  readonly port: number;
  /** Where a client of this machine connects fastest: the folder of the server's socket, else the address. */
  readonly host: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** `postgres://user:password@127.0.0.1:port/database`. */
  readonly url: string;
  /** The server's process. */
  readonly pid: number;
  close(): Promise<void>;
}

export class PostgresStartError extends Error {
  override readonly name = 'PostgresStartError';
}

/** Recovery after a crash replays at most a checkpoint's distance of the log. */
const START_TRIES = 600;
const START_POLL_MS = 50;

/** Starts the real server, made anew on the first start, and makes sure that its commits are durable. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const home = postgresHome(options.directory, findBinaries());
  if (!existsSync(home.data)) await createCluster(home);
  await stopOrphan(home.data);
  const port = options.port === 0 ? await freePort() : options.port;
  await assertPortFree(port);
  const server = startServer(home, port, options.durable ?? true);
  // However this process ends, short of kill -9, its server doesn't stay behind.
  const stopAtExit = () => server.kill('SIGINT');
  process.once('exit', stopAtExit);
  server.once('close', () => process.off('exit', stopAtExit));
  const urlOf = (database: string) => {
    const { user, password } = knownLogin(home);
    return `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
  };
  try {
    await whenReady(server, home, urlOf('postgres'));
    await provideSuperuser(home, urlOf('postgres'));
    await prepare(urlOf('postgres'), options.database, options.durable ?? true);
  } catch (error) {
    await stop(server);
    throw error;
  }
  return {
    port,
    host: socketDirectory(home) ?? '127.0.0.1',
    ...knownLogin(home),
    database: options.database,
    url: urlOf(options.database),
    pid: server.pid ?? 0,
    close: () => stop(server),
  };
}

/** Made beside and renamed: a kill in the middle leaves nothing that looks like a cluster. */
async function createCluster(home: PostgresHome): Promise<void> {
  const unfinished = `${home.data}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  writePassword(home, passwordFile(home));
  const options = ['--auth=scram-sha-256', `--pwfile=${passwordFile(home)}`, '--encoding=UTF8', '--locale=C'];
  const initdb = spawn(
    join(home.binaries, 'bin', 'initdb'),
    ['-D', unfinished, '-U', SUPERUSER, ...options],
    {
      ...asUser(home),
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let complaint = '';
  initdb.stderr.on('data', (chunk) => {
    complaint += String(chunk);
  });
  const code = await new Promise((resolve, reject) => initdb.once('error', reject).once('close', resolve));
  if (code !== 0) throw new PostgresStartError(`initdb failed: ${complaint.trim()}`);
  renameSync(unfinished, home.data);
}

/** A socket's path must fit into 107 bytes on Linux, 103 elsewhere, `/.s.PGSQL.65535` included. */
const SOCKET_DIRECTORY_LIMIT = 85;

/** A socket spares the TCP stack, which costs more than a short statement; undefined where its path would be too long. */
function socketDirectory(home: PostgresHome): string | undefined {
  const fits = Buffer.byteLength(home.directory) <= SOCKET_DIRECTORY_LIMIT && process.platform !== 'win32';
  return fits ? home.directory : undefined;
}

function asUser(home: PostgresHome) {
  return { cwd: home.directory, env: { LC_ALL: 'C', TZ: 'UTC' }, ...(home.user ?? {}) };
}

function startServer(home: PostgresHome, port: number, durable: boolean): ChildProcess {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: socketDirectory(home) ?? '',
    unix_socket_permissions: '0700',
    // Each login of each database has connections of its own.
    max_connections: 200,
    timezone: 'UTC',
    fsync: durable ? 'on' : 'off',
    synchronous_commit: durable ? 'on' : 'off',
    full_page_writes: durable ? 'on' : 'off',
  };
  const log = openSync(join(home.directory, 'server.log'), 'a');
  return spawn(
    join(home.binaries, 'bin', 'postgres'),
    ['-D', home.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // A group of its own: Ctrl-C in the terminal is for us, who then stop it in order.
    { ...asUser(home), stdio: ['ignore', log, log], detached: true },
  );
}

async function whenReady(server: ChildProcess, home: PostgresHome, url: string): Promise<void> {
  let failure: unknown;
  server.once('error', (error) => {
    failure = error;
  });
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    if (failure !== undefined || server.exitCode !== null) throw startError(home, failure);
    if (await answers(url)) return;
    await sleep(START_POLL_MS);
  }
  throw startError(home, undefined);
}

function startError(home: PostgresHome, cause: unknown): PostgresStartError {
  const log = join(home.directory, 'server.log');
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-5).join('\n') : '';
  return new PostgresStartError(`PostgreSQL did not start; ${log} ends with:\n${lines}`, { cause });
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function prepare(url: string, database: string, durable: boolean): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit')`,
    );
    const unsafe = rows.filter((row) => row.setting !== 'on');
    if (durable && unsafe.length > 0) {
      throw new PostgresStartError(
        `commits are not durable: ${unsafe.map((row) => row.name).join(', ')} is off`,
      );
    }
    const found = await client.query('select from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const closed = new Promise<void>((resolve) => server.once('close', () => resolve()));
  server.kill('SIGINT');
  await closed;
}
