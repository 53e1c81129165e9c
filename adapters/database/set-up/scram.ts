import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

/** PostgreSQL's own default. Our passwords are random: more rounds would protect nothing. */
const ITERATIONS = 4096;
const KEY_BYTES = 32;

/**
 * What PostgreSQL keeps of a password (RFC 5803). Handed over in its place, so that no password is ever in a statement's
 * text, where a log could keep it.
 *
 * @param password of ASCII letters and digits: SASLprep changes nothing in those
 * @param salt 16 random bytes
 */
export function scramVerifier(password: string, salt: Buffer): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, KEY_BYTES, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
