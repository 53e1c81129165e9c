import { createHmac } from 'node:crypto';
import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';

/** Which door a key opens: that of one simulated PSP, or the control address. */
export type SimulatorDoor = SimulatedPspName | 'control';

/** One secret makes a key for each door; none of them tells another, or the secret. */
export function simulatorKey(secret: string, door: SimulatorDoor): string {
  return createHmac('sha256', secret).update(door).digest('base64url');
}
