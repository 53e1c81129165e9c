import { statfsSync } from 'node:fs';
import type { RunningPostgres } from './postgres/start-postgres.ts';
import { withClient } from './postgres/with-client.ts';
import type { Readiness } from './readiness.ts';

/** PostgreSQL's WAL grows by files of 16 MB; with less room than two files it is about to stop. */
const LEAST_ROOM_MB = 32;
const BYTES_PER_MB = 1_000_000;
const ANSWER_LIMIT_MS = 2_000;

export interface Probed {
  readonly readiness: Readiness;
  readonly postgres: Pick<RunningPostgres, 'url' | 'directory'>;
  /** The runtime's data. */
  readonly directory: string;
  /** How many MB are free on a folder's disk; by default from the system. */
  readonly freeMb?: (folder: string) => number;
}

/** Checks what payments need; resolves with everything that prevents the runtime from working. */
export async function probe(probed: Probed): Promise<readonly string[]> {
  const { readiness, postgres, directory, freeMb = freeMbOf } = probed;
  await probeDatabase(readiness, postgres.url);
  for (const folder of new Set([directory, postgres.directory])) probeRoom(readiness, folder, freeMb(folder));
  return readiness.list();
}

async function probeDatabase(readiness: Readiness, url: string): Promise<void> {
  const limits = { connectionTimeoutMillis: ANSWER_LIMIT_MS, query_timeout: ANSWER_LIMIT_MS };
  try {
    await withClient({ connectionString: url, ...limits }, (client) => client.query('select'));
    readiness.works('PostgreSQL');
  } catch (error) {
    readiness.fails('PostgreSQL', error instanceof Error ? error.message : String(error));
  }
}

function freeMbOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return Math.floor((bavail * bsize) / BYTES_PER_MB);
}

function probeRoom(readiness: Readiness, folder: string, freeMb: number): void {
  const part = `the disk of ${folder}`;
  if (freeMb >= LEAST_ROOM_MB) readiness.works(part);
  else readiness.fails(part, `${freeMb} MB are free, ${LEAST_ROOM_MB} are needed; make room`);
}
