import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { canBeSignalled, isAlive, listProcesses, readPid } from '../process-id.ts';

/** A fast shutdown writes a checkpoint; on a laptop that is well below a second. */
const SHUTDOWN_TRIES = 200;
const SHUTDOWN_POLL_MS = 50;

/**
 * A server that outlived its killed runtime still owns the data directory. It is stopped, and PostgreSQL recovers at the
 * next start. It is found by its command line: the pid file may be empty after a crash of the machine, or name another
 * program by now.
 *
 * Call this only with the lock of the data: any server that runs there then has no runtime.
 */
export async function stopOrphan(data: string): Promise<void> {
  for (const pid of serversOf(data)) await stop(pid, data);
  removeMisleadingPidFile(join(data, 'postmaster.pid'));
}

function serversOf(data: string): readonly number[] {
  return listProcesses().flatMap(({ pid, command: [program = '', ...args] }) =>
    basename(program) === 'postgres' && hasData(args, data) ? [pid] : [],
  );
}

/** This program starts a server with `-D <data>`; `ps` doesn't distinguish spaces within an argument from separators. */
function hasData(args: readonly string[], data: string): boolean {
  return ` ${args.join(' ')} `.includes(` -D ${data} `);
}

async function stop(pid: number, data: string): Promise<void> {
  // SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    if (isAlive(pid)) process.kill(pid, signal);
    if (await isGone(pid)) return;
  }
  throw new Error(`PostgreSQL (pid ${pid}) of ${data} does not stop; stop it by hand.`);
}

/**
 * A server refuses a pid file that it can't read, or whose number another program has by now. A file whose process is gone
 * stays: the server uses it to check whether its predecessor still runs, and then removes it.
 */
function removeMisleadingPidFile(file: string): void {
  const pid = readPid(file);
  if (pid === undefined || canBeSignalled(pid)) rmSync(file, { force: true });
}

async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < SHUTDOWN_TRIES; tries += 1) {
    if (!isAlive(pid)) return true;
    await sleep(SHUTDOWN_POLL_MS);
  }
  return false;
}
