import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresHome } from './home.ts';
import { withClient } from './with-client.ts';

export class PostgresStartError extends Error {
  override readonly name = 'PostgresStartError';
}

/** Recovery after a crash replays at most a checkpoint's distance of the log. */
const START_TRIES = 600;
const START_POLL_MS = 50;

/** A socket's path must fit into 107 bytes on Linux, 103 elsewhere, `/.s.PGSQL.65535` included. */
const SOCKET_DIRECTORY_LIMIT = 85;

/** A socket avoids the TCP stack, which costs more than a short statement; undefined if its path would be too long. */
export function socketDirectory(home: PostgresHome): string | undefined {
  const fits = Buffer.byteLength(home.directory) <= SOCKET_DIRECTORY_LIMIT && process.platform !== 'win32';
  return fits ? home.directory : undefined;
}

/** How a program of PostgreSQL is run: it does not inherit our environment. */
export function asServerUser(home: PostgresHome) {
  return { cwd: home.directory, env: { LC_ALL: 'C', TZ: 'UTC' }, ...(home.user ?? {}) };
}

export interface ServerOptions {
  readonly port: number;
  readonly durable: boolean;
  /** Of the database that every cluster has. */
  readonly url: string;
}

/**
 * Starts the server's process; resolves when it takes connections.
 *
 * @throws PostgresStartError with the end of the server's own log; then no process stays behind
 */
export async function startServer(home: PostgresHome, options: ServerOptions): Promise<ChildProcess> {
  const server = spawnServer(home, options);
  try {
    await whenReady(server, home, options.url);
    return server;
  } catch (error) {
    await stopServer(server);
    throw error;
  }
}

/** Like Ctrl-C; resolves when it has ended. */
export async function stopServer(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return;
  const closed = new Promise<void>((resolve) => server.once('close', () => resolve()));
  server.kill('SIGINT');
  await closed;
}

function hasEnded(server: ChildProcess): boolean {
  return server.pid === undefined || server.exitCode !== null || server.signalCode !== null;
}

function spawnServer(home: PostgresHome, { port, durable }: ServerOptions): ChildProcess {
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
  const server = spawn(
    join(home.binaries, 'bin', 'postgres'),
    ['-D', home.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // A process group of its own: Ctrl-C in the terminal reaches only us, and we stop it in order.
    { ...asServerUser(home), stdio: ['ignore', log, log], detached: true },
  );
  closeSync(log);
  return server;
}

async function whenReady(server: ChildProcess, home: PostgresHome, url: string): Promise<void> {
  let failure: unknown;
  server.once('error', (error) => {
    failure = error;
  });
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    if (failure !== undefined || hasEnded(server)) throw startError(home, failure);
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
  try {
    return await withClient({ connectionString: url, connectionTimeoutMillis: 2_000 }, async () => true);
  } catch {
    return false;
  }
}
