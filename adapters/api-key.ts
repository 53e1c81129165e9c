import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Whether real money moves where the key is taken; written into the key, so that nobody confuses the two. */
export type ApiKeyMode = 'live' | 'test';

/**
 * `opk_<mode>_<id>_<secret><checksum>`. The prefix and the checksum are for secret scanners, who can tell a key of ours
 * from what only looks like one without asking us; the id finds the row, the secret proves it.
 */
const FORMAT = /^(opk_(live|test)_([0-9a-f]{16})_([0-9a-f]{64}))([0-9a-f]{8})$/;

export interface ApiKeyParts {
  readonly mode: ApiKeyMode;
  readonly apiKeyId: string;
  readonly secret: string;
}

/** Undefined when the text is not of a key's form, or mistyped: then its checksum is not that of its characters. */
export function parseApiKey(text: string): ApiKeyParts | undefined {
  const [, signed, mode, apiKeyId, secret, checksum] = FORMAT.exec(text) ?? [];
  if (signed === undefined || apiKeyId === undefined || secret === undefined) return undefined;
  if (checksumOf(signed) !== checksum) return undefined;
  return { mode: mode === 'live' ? 'live' : 'test', apiKeyId, secret };
}

/** The key of an Authorization header, `Bearer <key>`; undefined for anything else. */
export function bearerKeyOf(authorization: string | undefined): ApiKeyParts | undefined {
  return parseApiKey(/^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '');
}

export function apiKeyModeOf(takesRealMoney: boolean): ApiKeyMode {
  return takesRealMoney ? 'live' : 'test';
}

/** SHA-256, hexadecimal. The secret has 256 random bits: there is nothing to guess that a slow hash would protect. */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** In constant time, so that an answer's delay tells nothing of the stored hash. */
export function isSecretOf(storedHash: string, secret: string): boolean {
  const given = Buffer.from(hashOfSecret(secret), 'hex');
  const stored = Buffer.from(storedHash, 'hex');
  return stored.length === given.length && timingSafeEqual(stored, given);
}

export interface GeneratedApiKey {
  readonly text: string;
  readonly apiKeyId: string;
  readonly secretHash: string;
}

/** A new key: the text is shown once, only id and hash are kept. */
export function generateApiKey(mode: ApiKeyMode): GeneratedApiKey {
  const apiKeyId = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('hex');
  const signed = `opk_${mode}_${apiKeyId}_${secret}`;
  return { text: `${signed}${checksumOf(signed)}`, apiKeyId, secretHash: hashOfSecret(secret) };
}

function checksumOf(signed: string): string {
  return crc32(signed).toString(16).padStart(8, '0');
}
