import { createHmac } from 'node:crypto';

export const SIGNATURE_HEADER = 'Simulator-Signature';

/**
 * `t=<seconds since the epoch>,v1=<signature>`, with one `v1` per secret: the hexadecimal HMAC-SHA256 of the time, a full
 * stop and the raw bytes of the body.
 *
 * @param now milliseconds since the epoch
 */
export function signatureOf(secrets: readonly string[], body: string, now: number): string {
  const time = Math.floor(now / 1000);
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`,
  );
  return [`t=${time}`, ...signatures].join(',');
}
