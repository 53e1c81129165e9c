import { spawn } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresHome } from './home.ts';
import { asServerUser, PostgresStartError } from './server-process.ts';
import { passwordFile, SUPERUSER, writePassword } from './superuser.ts';

/**
 * Makes the cluster where there is none. It is made beside and renamed: a kill in the middle leaves nothing that looks
 * like one.
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
