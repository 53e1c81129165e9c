import { readFileSync } from 'node:fs';

/** In this order: the system's account for PostgreSQL, else the one that owns nothing. */
const CANDIDATES = ['postgres', 'nobody'];

export class NoUnprivilegedUserError extends Error {
  override readonly name = 'NoUnprivilegedUserError';
}

/**
 * The user that runs the server when we are root. The account must exist: PostgreSQL looks its name up.
 *
 * @throws NoUnprivilegedUserError
 */
export function unprivilegedUser(): { readonly uid: number; readonly gid: number } {
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const candidate of CANDIDATES) {
    const [, , uid, gid] = accounts.find(([name]) => name === candidate) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new NoUnprivilegedUserError(
    `PostgreSQL does not run as root, and this system has none of the users ${CANDIDATES.join(', ')}. Run as another user, or add one of them.`,
  );
}
