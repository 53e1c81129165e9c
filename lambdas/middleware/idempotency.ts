import { createHash } from 'node:crypto';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import canonicalize from 'canonicalize';
import { assert } from '../../domain/assert.ts';
import { headerValuesOf } from './headers.ts';
import { Problem } from './problem.ts';

const HEADER = 'idempotency-key';
const KEY_LIMIT = 255;
/** A structured field's string (RFC 8941): printable ASCII in quotes, where `\"` and `\\` are escaped. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const BARE = /^[\x21\x23-\x7e]+$/;

/** Both forms in one pattern, for the contract. An escape is two characters in the header and one in the key. */
export const IDEMPOTENCY_KEY_HEADER = {
  minLength: 1,
  maxLength: 2 * KEY_LIMIT + 2,
  pattern: `^(?:[\\x21\\x23-\\x7e]{1,${KEY_LIMIT}}|"(?:[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\["\\\\]){1,${KEY_LIMIT}}")$`,
} as const;

/**
 * The value of the `Idempotency-Key` header, quoted (as the IETF draft writes it) or bare. It is never refused for what
 * its digits look like: it names a request, which shops may number in any way.
 *
 * @throws Problem 400 when it is missing, repeated or malformed
 */
export function idempotencyKeyOf(event: APIGatewayProxyEvent): string {
  const values = headerValuesOf(event, HEADER);
  const [value] = values;
  if (value === undefined) {
    throw new Problem(
      'missing_idempotency_key',
      'Send an Idempotency-Key header, a new one for every new payment.',
      [{ pointer: 'Idempotency-Key', detail: 'missing' }],
    );
  }
  if (values.length > 1) throw malformed('is sent more than once');
  const trimmed = value.trim();
  const key =
    QUOTED.exec(trimmed)?.[1]?.replaceAll(/\\(["\\])/g, '$1') ?? (BARE.test(trimmed) ? trimmed : undefined);
  if (key === undefined)
    throw malformed('contains characters other than printable ASCII, or an unclosed quote');
  if (key.length === 0 || key.length > KEY_LIMIT)
    throw malformed(`has ${key.length} characters; send 1 to ${KEY_LIMIT}`);
  return key;
}

function malformed(what: string): Problem {
  return new Problem('malformed_idempotency_key', `The Idempotency-Key ${what}.`, [
    { pointer: 'Idempotency-Key', detail: what },
  ]);
}

/**
 * SHA-256 of the canonical JSON (RFC 8785), hexadecimal: the order of names and white space don't matter, every value
 * does.
 */
export function fingerprintOf(body: unknown): string {
  const canonical = canonicalize(body);
  assert(canonical !== undefined, 'a parsed JSON body has a canonical form');
  return createHash('sha256').update(canonical).digest('hex');
}
