import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { PostgresBinaries } from './binaries.ts';
import { unprivilegedUser } from './unprivileged-user.ts';

/** The folders of one cluster, and the user that runs its server. */
export interface PostgresHome {
  readonly binaries: string;
  readonly data: string;
  /** For the server's own log, and its password file during the cluster's creation. */
  readonly directory: string;
  /** Undefined: as ourselves. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

/**
 * PostgreSQL refuses to run as root. As root it runs as another user, who may have no access to the project's folder:
 * binaries and data go to a separate folder that everybody may enter and only this user may write. It is not the temporary
 * folder, which the system cleans up.
 */
const SHARED_HOME = '/var/lib/oncepay';

export function postgresHome(directory: string, binaries: PostgresBinaries): PostgresHome {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const isRoot = process.getuid?.() === 0;
  if (!isRoot)
    return { binaries: binaries.directory, data: join(directory, 'data'), directory, user: undefined };
  const user = unprivilegedUser();
  const home = join(SHARED_HOME, 'clusters', instanceOf(directory));
  mkdirSync(home, { recursive: true });
  for (const open of [SHARED_HOME, join(SHARED_HOME, 'clusters')]) chmodSync(open, 0o755);
  chownSync(home, user.uid, user.gid);
  chmodSync(home, 0o700);
  writeFileSync(join(home, 'owner'), resolve(directory));
  removeAbandoned();
  return { binaries: sharedBinaries(binaries), data: join(home, 'data'), directory: home, user };
}

/** Ties the cluster to its data folder: a folder that is deleted and created again gets a new cluster. */
function instanceOf(directory: string): string {
  const file = join(directory, 'instance');
  if (!existsSync(file)) writeFileSync(file, randomUUID());
  return readFileSync(file, 'utf8').trim();
}

/** A cluster whose folder is gone, or belongs to a newer cluster, can never be started again. */
function removeAbandoned(): void {
  const clusters = join(SHARED_HOME, 'clusters');
  for (const instance of readdirSync(clusters)) {
    const owner = join(clusters, instance, 'owner');
    if (!existsSync(owner)) continue;
    const file = join(readFileSync(owner, 'utf8').trim(), 'instance');
    const isOwned = existsSync(file) && readFileSync(file, 'utf8').trim() === instance;
    const isRunning = existsSync(join(clusters, instance, 'data', 'postmaster.pid'));
    if (!isOwned && !isRunning) rmSync(join(clusters, instance), { recursive: true, force: true });
  }
}

/** Copied to a temporary folder and renamed, so that a concurrent first start never sees part of it. */
function sharedBinaries({ directory, version }: PostgresBinaries): string {
  const shared = join(SHARED_HOME, `postgres-${version}`);
  if (existsSync(shared)) return shared;
  const copy = `${shared}.${randomUUID()}`;
  cpSync(directory, copy, { recursive: true, verbatimSymlinks: true });
  chmodSync(copy, 0o755);
  try {
    renameSync(copy, shared);
  } catch (error) {
    rmSync(copy, { recursive: true, force: true });
    if (!existsSync(shared)) throw error;
  }
  return shared;
}
