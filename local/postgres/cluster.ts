import { spawn } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresHome } from './home.ts';
import { asServerUser, PostgresStartError } from './server-process.ts';
import { passwordFile, SUPERUSER, writePassword } from './superuser.ts';

/**
 * Creates the cluster if it doesn't exist. It is created in a temporary folder and renamed, so that an interrupted
 * creation is not mistaken for a cluster.
 *
 * @throws PostgresStartError with what initdb said
 */
export async function provideCluster(home: PostgresHome): Promise<void> {
  if (existsSync(home.data)) return;
  const unfinished = `${home.data}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  writePassword(home, passwordFile(home));
  const options = ['--auth=scram-sha-256', `--pwfile=${passwordFile(home)}`, '--encoding=UTF8', '--locale=C'];
  const initdb = spawn(
    join(home.binaries, 'bin', 'initdb'),
    ['-D', unfinished, '-U', SUPERUSER, ...options],
    { ...asServerUser(home), stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  initdb.stderr.on('data', (chunk) => {
    complaint += String(chunk);
  });
  const code = await new Promise((resolve, reject) => initdb.once('error', reject).once('close', resolve));
  if (code !== 0) throw new PostgresStartError(`initdb failed: ${complaint.trim()}`);
  renameSync(unfinished, home.data);
}
