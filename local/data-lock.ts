import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readPid } from './process-id.ts';

export class DataInUseError extends Error {
  override readonly name = 'DataInUseError';
}

/** SQLite's code for a file that another connection has locked. */
const SQLITE_BUSY = 5;

/**
 * Allows one runtime per data directory. The operating system holds the lock, on a file that SQLite keeps locked: it ends
 * with the process, however that ends, so a lock is never stale, and only one of several concurrent starts gets it. The file
 * stays when the lock is released; deleting it could break the next start's lock.
 *
 * @returns the function that releases it
 * @throws DataInUseError naming the other's process
 */
export function lockData(directory: string): () => void {
  const pidFile = join(directory, 'runtime.pid');
  const lock = new DatabaseSync(join(directory, 'runtime.lock'));
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new DataInUseError(
      `${directory} is in use by ${ownerIn(pidFile)}. Stop it, or choose another folder with --data.`,
    );
  }
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return () => {
    rmSync(pidFile, { force: true });
    lock.close();
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

/** The file is for people; only the lock decides whether the directory is in use. */
function ownerIn(pidFile: string): string {
  const pid = readPid(pidFile);
  return pid === undefined ? 'another process' : `process ${pid}`;
}
