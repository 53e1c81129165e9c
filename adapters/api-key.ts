import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** `opk_<stage>_<id>_<secret>`: the prefix is for secret scanners, the id finds the row, the secret proves it. */
const FORMAT = /^opk_(?:dev|staging|prod)_([0-9a-f]{16})_([0-9a-f]{64})$/;

export interface ApiKeyParts {
  readonly apiKeyId: string;
  readonly secret: string;
}

/** Undefined when the text is not of a key's form. */
export function parseApiKey(text: string): ApiKeyParts | undefined {
  const [, apiKeyId, secret] = FORMAT.exec(text) ?? [];
  return apiKeyId === undefined || secret === undefined ? undefined : { apiKeyId, secret };
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

/** A new key: the text is shown once, only id and hash are kept. */
export function generateApiKey(stage: string): {
  readonly text: string;
  readonly apiKeyId: string;
  readonly secretHash: string;
} {
  const apiKeyId = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('hex');
  return { text: `opk_${stage}_${apiKeyId}_${secret}`, apiKeyId, secretHash: hashOfSecret(secret) };
}
