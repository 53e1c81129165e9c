import type { Charge } from './record.ts';

/** A charge in the API's format. */
export function chargeJson(charge: Charge, psp?: string) {
  return {
    id: charge.id,
    ...(psp === undefined ? {} : { psp }),
    reference: charge.reference,
    amount: charge.amount,
    currency: charge.currency,
    status: charge.status,
    ...(charge.declineCode === null ? {} : { decline_code: charge.declineCode }),
    idempotency_key: charge.idempotencyKey,
    created_at: new Date(charge.createdAt).toISOString(),
  };
}
