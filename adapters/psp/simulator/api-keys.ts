import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import type { SecretReader } from '../../secrets/secret-reader.ts';

/** Which endpoint a key opens: that of one simulated PSP, or the control address. */
export type SimulatorEndpoint = SimulatedPspName | 'control';

/** One secret makes a key for each endpoint; none of them tells another, or the secret. */
export function simulatorKey(secret: string, endpoint: SimulatorEndpoint): string {
  return createHmac('sha256', secret).update(endpoint).digest('base64url');
}

/** The key that a endpoint takes now. Where the caller shows another one his may be the newer: the secret is read anew. */
export async function keyOfEndpoint(
  endpoint: SimulatorEndpoint,
  secret: SecretReader,
  authorization: string | undefined,
): Promise<string> {
  const key = simulatorKey(await secret.read(), endpoint);
  return isBearer(authorization, key) ? key : simulatorKey(await secret.refresh(), endpoint);
}

export function isBearer(authorization: string | undefined, key: string): boolean {
  const [given, expected] = [Buffer.from(authorization ?? ''), Buffer.from(`Bearer ${key}`)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}
