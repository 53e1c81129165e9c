import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PostgresHome } from './home.ts';
import { withClient } from './with-client.ts';

/** In Aurora nobody can be the superuser; here it is the user of this machine. */
export const SUPERUSER = 'postgres';
/** Clusters of earlier versions were created by the user who is the master now. */
const EARLIER_SUPERUSER = 'oncepay';

export function passwordFile(home: PostgresHome): string {
  return join(home.directory, 'superuser-password');
}

function earlierPasswordFile(home: PostgresHome): string {
  return join(home.directory, 'password');
}

export function writePassword(home: PostgresHome, file: string): string {
  const password = randomBytes(24).toString('hex');
  writeFileSync(file, password, { mode: 0o600 });
  if (home.user !== undefined) chownSync(file, home.user.uid, home.user.gid);
  return password;
}

/** The user that can log in now, with the password: an earlier cluster doesn't have our superuser yet. */
export function knownLogin(home: PostgresHome): { readonly user: string; readonly password: string } {
  const isEarlier = !existsSync(passwordFile(home)) && existsSync(earlierPasswordFile(home));
  return isEarlier
    ? { user: EARLIER_SUPERUSER, password: readFileSync(earlierPasswordFile(home), 'utf8') }
    : { user: SUPERUSER, password: readFileSync(passwordFile(home), 'utf8') };
}

/** Gives an earlier cluster the superuser that newer ones are created with. */
export async function provideSuperuser(home: PostgresHome, url: string): Promise<void> {
  if (knownLogin(home).user === SUPERUSER) return;
  await withClient({ connectionString: url }, async (client) => {
    const beside = `${passwordFile(home)}.new`;
    const own = writePassword(home, beside);
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [SUPERUSER]);
    await client.query(
      `${rowCount === 0 ? 'create' : 'alter'} role ${SUPERUSER} superuser login password '${own}'`,
    );
    writeFileSync(passwordFile(home), own, { mode: 0o600 });
    if (home.user !== undefined) chownSync(passwordFile(home), home.user.uid, home.user.gid);
    rmSync(beside);
  });
}
