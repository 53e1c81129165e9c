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
 * One runtime per data directory. The lock is the operating system's, on a file that SQLite keeps locked: it ends with
 * the process however that ends, so no lock is ever stale, and of several starts at one instant one gets it. The file
 * stays when the lock is released; a start that deleted it could take it from under the next.
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

/** The file is for people: whether the directory is in use, the lock alone decides. */
function ownerIn(pidFile: string): string {
  const pid = readPid(pidFile);
  return pid === undefined ? 'another process' : `process ${pid}`;
}
