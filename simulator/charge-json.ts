import { behaviourOf } from './behaviours.ts';
import { paymentMethodOf, returnUrlOf } from './psp-requests.ts';
import type { Charge } from './record.ts';

/** The URL of the payment page of the charge with this id. */
export type PageUrl = (chargeId: string) => string;

/** The recorded charge, for the control address. */
export function chargeJson(charge: Charge, psp?: string) {
  const returnUrl = returnUrlOf(charge.request);
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
    ...deadlineJson(charge),
    ...(returnUrl === undefined ? {} : { return_url: returnUrl }),
  };
}

/** For the API's callers; the control address shows the true charge. */
export function shownCharge(charge: Charge, pageUrl: PageUrl) {
  const said = behaviourOf(paymentMethodOf(charge.request))?.referenceSaid;
  return {
    ...chargeJson(charge),
    ...(said === undefined ? {} : { reference: said(charge.reference) }),
    ...(charge.status === 'requires_action' ? { redirect_url: pageUrl(charge.id) } : {}),
  };
}

/** In processing, only an expiry is known in advance: a PSP doesn't know when it will have the result. */
function deadlineJson(charge: Charge) {
  if (charge.dueAt === null) return {};
  const due = new Date(charge.dueAt).toISOString();
  if (charge.status === 'authenticated') return { send_by: due };
  if (charge.status === 'requires_action') return { expires_at: due };
  const expires = behaviourOf(paymentMethodOf(charge.request))?.processing?.endsAs === 'expired';
  return expires ? { expires_at: due } : {};
}
