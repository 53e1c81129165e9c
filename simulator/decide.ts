import { behaviourOf, type Fault, serverError } from './behaviours.ts';
import { chargeJson } from './charge-json.ts';
import { type ChargeRequest, canonical, paymentMethodOf } from './psp-requests.ts';
import type { Charge, Decision, KnownOfKey, NewCharge } from './record.ts';
import { answer, apiError, type Reply } from './reply.ts';
import type { Settings } from './switches.ts';

/** One requested charge, and the state at its execution. */
export interface Send {
  readonly request: ChargeRequest;
  readonly idempotencyKey: string;
  readonly settings: Settings;
  /** Its random fault, which precedes its token's. */
  readonly rolled: Fault | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Charges, declines, replays or fails, by the key's events and how often the reference was sent. */
export function decideCharge(send: Send, known: KnownOfKey): Decision {
  if (known.isInvalidated) {
    return leaves(apiError(402, 'invalidated', 'This key was invalidated: nothing is charged under it.'));
  }
  if (replaysError(send, known)) return leaves(serverError());
  const stored = storedUnder(send, known);
  if (stored !== undefined && stored.request !== canonical(send.request)) {
    return leaves(
      apiError(409, 'idempotency_key_reused', 'This Idempotency-Key was used for another charge.'),
    );
  }
  const tokenFault = send.rolled === undefined ? behaviourOf(send.request.payment_method)?.fault : undefined;
  // A faulty token fails on the first sends of a reference.
  const isStillFaulty = tokenFault !== undefined && known.faultySends < tokenFault.calls;
  const fault = send.rolled ?? (isStillFaulty ? tokenFault : undefined);
  const remarks = {
    countsFaultySend: tokenFault !== undefined,
    storesError: fault?.reply === serverError && send.settings.replay_server_errors,
  };
  if (fault?.processes === false) return { ...remarks, kind: 'leaves', reply: fault.reply() };
  const reply = (charge: Charge) =>
    fault === undefined ? chargeAnswer(charge) : fault.reply(chargeAnswer(charge));
  if (stored !== undefined) return { ...remarks, kind: 'leaves', reply: reply(stored) };
  return { ...remarks, kind: 'charges', charge: chargeFor(send), reply };
}

/** From now on nothing is charged under this key; refused for a completed charge. A declined charge can be invalidated. */
export function decideInvalidation(idempotencyKey: string, known: KnownOfKey): Decision {
  const charge = known.charges.find(({ status }) => status === 'succeeded');
  if (charge !== undefined) {
    const error = { code: 'charge_completed', message: 'The charge is made and can only be refunded.' };
    return leaves(answer(409, { error, charge: shownCharge(charge) }));
  }
  const reply = answer(200, { idempotency_key: idempotencyKey, status: 'invalidated' });
  return { countsFaultySend: false, storesError: false, kind: 'invalidates', reply };
}

/** For the API's callers; the control address shows the true charge. */
export function shownCharge(charge: Charge) {
  const said = behaviourOf(paymentMethodOf(charge.request))?.referenceSaid;
  return { ...chargeJson(charge), ...(said === undefined ? {} : { reference: said(charge.reference) }) };
}

function leaves(reply: Reply): Decision {
  return { countsFaultySend: false, storesError: false, kind: 'leaves', reply };
}

function replaysError({ settings, now }: Send, known: KnownOfKey): boolean {
  if (!settings.replay_server_errors || !settings.deduplicate) return false;
  return known.errorStoredAt !== undefined && known.errorStoredAt > now - settings.key_lifetime_ms;
}

function storedUnder({ settings, now }: Send, known: KnownOfKey): Charge | undefined {
  if (!settings.deduplicate) return undefined;
  // Events of a key at or before this time are forgotten.
  const forgottenUntil = now - settings.key_lifetime_ms;
  return known.charges.find(({ createdAt }) => createdAt > forgottenUntil);
}

/** Succeeded or declined: either is recorded, and a repeat with the key gets it. */
function chargeFor({ request, idempotencyKey, now }: Send): NewCharge {
  const behaviour = behaviourOf(request.payment_method);
  return {
    reference: request.reference,
    idempotencyKey,
    request: canonical(request),
    amount: behaviour?.amountTaken?.(request.amount) ?? request.amount,
    currency: behaviour?.currencyTaken?.(request.currency) ?? request.currency,
    status: behaviour?.declines === undefined ? 'succeeded' : 'declined',
    declineCode: behaviour?.declines ?? null,
    createdAt: now,
  };
}

function chargeAnswer(charge: Charge): Reply {
  if (charge.status === 'succeeded') return answer(201, shownCharge(charge));
  const error = { code: charge.declineCode, message: 'The card was declined.' };
  return answer(402, { error, charge: shownCharge(charge) });
}
