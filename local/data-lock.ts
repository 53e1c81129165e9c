import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export class DataInUseError extends Error {
  override readonly name = 'DataInUseError';
}

/**
 * One runtime per data directory. A lock whose process is gone is taken over.
 *
 * @returns the function that releases it
 * @throws DataInUseError naming the other's process
 */
export function lockData(directory: string): () => void {
  const file = join(directory, 'runtime.pid');
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      const descriptor = openSync(file, 'wx', 0o600);
      writeSync(descriptor, String(process.pid));
      closeSync(descriptor);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (!existsSync(file)) throw error;
      const owner = Number(readFileSync(file, 'utf8'));
      if (isRunning(owner)) {
        throw new DataInUseError(
          `${directory} is in use by process ${owner}. Stop it, or choose another folder with --data.`,
        );
      }
      rmSync(file, { force: true });
    }
  }
  throw new DataInUseError(`${file} can't be taken; another start is under way.`);
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A process number is used again after a while; on Linux its command line tells whether it is one of ours.
  const commandLine = `/proc/${pid}/cmdline`;
  return existsSync(commandLine) ? /node/.test(readFileSync(commandLine, 'utf8')) : true;
}
