import * as z from 'zod/mini';
import type { Database } from '../database.ts';

const setRow = z.object({ login: z.string() });
const notedRow = z.object({ login: z.string(), salt: z.string(), verifier_sha256: z.string() });

/** What the database holds of a password. */
export interface NotedPassword {
  readonly login: string;
  /** In base64. */
  readonly salt: string;
  readonly verifierSha256: string;
}

/**
 * Sets the password of the other login of the duty that asks (see set-up/credentials-sql.ts).
 *
 * @param verifier never the password itself, which a log could keep
 * @returns the login whose password was set
 */
export async function setOtherPassword(database: Database, verifier: string): Promise<string> {
  const [row] = await database.execute(SET_SQL, { verifier });
  return setRow.parse(row).login;
}

/** Undefined while it has none. */
export async function readOtherPassword(database: Database): Promise<NotedPassword | undefined> {
  const [row] = await database.execute(READ_SQL, {});
  if (row === undefined) return undefined;
  const { login, salt, verifier_sha256 } = notedRow.parse(row);
  return { login, salt, verifierSha256: verifier_sha256 };
}

const SET_SQL = `select credentials.set_other_password(:input::jsonb ->> 'verifier')::text as login`;
const READ_SQL = 'select login::text as login, salt, verifier_sha256 from credentials.other_password()';
