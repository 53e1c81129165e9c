import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A fast shutdown writes a checkpoint; on a laptop that is well below a second. */
const SHUTDOWN_TRIES = 200;
const SHUTDOWN_POLL_MS = 50;

/**
 * A server that outlived its runtime (which was killed) still owns the data directory: it is stopped, and recovery at
 * the next start is PostgreSQL's own. A pid file whose process is gone, or is another program's by now, is removed.
 */
export async function stopOrphan(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : Number.NaN;
  if (!Number.isSafeInteger(pid)) return;
  if (isServerOf(pid, data)) {
    // SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one.
    process.kill(pid, 'SIGINT');
    if (!(await isGone(pid))) process.kill(pid, 'SIGQUIT');
    if (!(await isGone(pid)))
      throw new Error(`PostgreSQL (pid ${pid}) of ${data} does not stop; stop it by hand.`);
  }
  rmSync(file, { force: true });
}

function isServerOf(pid: number, data: string): boolean {
  if (!isAlive(pid)) return false;
  const commandLine = `/proc/${pid}/cmdline`;
  // Where a process's command line can't be read (not Linux), PostgreSQL's own check of the file decides.
  return existsSync(commandLine) ? readFileSync(commandLine, 'utf8').includes(data) : true;
}

async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < SHUTDOWN_TRIES; tries += 1) {
    if (!isAlive(pid)) return true;
    await sleep(SHUTDOWN_POLL_MS);
  }
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
