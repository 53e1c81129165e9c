import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import type { SecretReader } from '../../secrets/secret-reader.ts';

/** The endpoint of a key: one simulated PSP, or the control address. */
export type SimulatorEndpoint = SimulatedPspName | 'control';

/** Each endpoint's key is derived from one secret; a key reveals neither another key nor the secret. */
export function simulatorKey(secret: string, endpoint: SimulatorEndpoint): string {
  return createHmac('sha256', secret).update(endpoint).digest('base64url');
}

/** The secret that signs a PSP's events. Each version is another secret, so that two can be valid during a rotation. */
export function simulatorSigningSecret(secret: string, psp: SimulatedPspName, version: number): string {
  const digest = createHmac('sha256', secret)
    .update(`events of ${psp}, version ${version}`)
    .digest('base64url');
  return `whsec_${digest}`;
}

/** The key that an endpoint accepts now. A caller's different key may be newer, so the secret is read again. */
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
