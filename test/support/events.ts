import { systemIds } from '../../adapters/ids.ts';
import { signatureOf } from '../../simulator/webhook-signature.ts';

let count = 0;

/** What a simulated PSP's event says. */
export interface EventParts {
  readonly id?: string;
  readonly status?: string;
  readonly chargeId?: string;
  readonly reference?: string;
  readonly idempotencyKey?: string;
  readonly created?: string;
}

/** The body of a simulated PSP's event, with an id of its own. */
export function eventBody(parts: EventParts = {}): string {
  count += 1;
  const { id = `evt_${count}`, status = 'succeeded', chargeId = `ch_${count}` } = parts;
  const { reference = systemIds.next('ord'), idempotencyKey = systemIds.next('ins') } = parts;
  const { created = new Date(1_700_000_000_000 + count).toISOString() } = parts;
  const charge = {
    id: chargeId,
    reference,
    amount: 15_000,
    currency: 'KRW',
    status,
    idempotency_key: idempotencyKey,
  };
  return JSON.stringify({ id, type: `charge.${status}`, created, data: { charge } });
}

/** As the PSP signs it. @param now milliseconds since the epoch */
export function signedHeaders(body: string, secrets: readonly string[], now: number): Record<string, string> {
  return { 'simulator-signature': signatureOf(secrets, body, now) };
}
