import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Whether the key is for stages with real money; part of the key, so that the two can't be confused. */
export type ApiKeyMode = 'live' | 'test';

/**
 * `opk_<mode>_<id>_<secret><checksum>`. With the prefix and the checksum, a secret scanner recognizes a key without
 * contacting us. The id finds the row, the secret authenticates it.
 */
const FORMAT = /^(opk_(live|test)_([0-9a-f]{16})_([0-9a-f]{64}))([0-9a-f]{8})$/;

export interface ApiKeyParts {
  readonly mode: ApiKeyMode;
  readonly apiKeyId: string;
  readonly secret: string;
}

/** Undefined if the text is not in a key's format, or its checksum is wrong, for example after a typing error. */
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

/** SHA-256, hexadecimal. The secret has 256 random bits, so a slow hash would add no protection. */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** In constant time, so that the response time reveals nothing about the stored hash. */
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

/** Creates a key: its text is shown once, only id and hash are stored. */
export function generateApiKey(mode: ApiKeyMode): GeneratedApiKey {
  const apiKeyId = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('hex');
  const signed = `opk_${mode}_${apiKeyId}_${secret}`;
  return { text: `${signed}${checksumOf(signed)}`, apiKeyId, secretHash: hashOfSecret(secret) };
}

function checksumOf(signed: string): string {
  return crc32(signed).toString(16).padStart(8, '0');
}
