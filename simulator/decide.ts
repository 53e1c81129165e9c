import { type Behaviour, behaviourOf, type Fault, serverError } from './behaviours.ts';
import { type PageUrl, shownCharge } from './charge-json.ts';
import type { ChargeStatus } from './charge-status.ts';
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
  readonly pageUrl: PageUrl;
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
  const reply = (charge: Charge) => {
    const first = chargeAnswer(charge, send.pageUrl);
    return fault === undefined ? first : fault.reply(first);
  };
  if (stored !== undefined) return { ...remarks, kind: 'leaves', reply: reply(asFirstAnswered(stored)) };
  return { ...remarks, kind: 'charges', charge: chargeFor(send), reply };
}

export function leaves(reply: Reply): Decision {
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

/** A charge is recorded in any state, and a repeat of the key gets the same answer. */
function chargeFor({ request, idempotencyKey, settings, now }: Send): NewCharge {
  const behaviour = behaviourOf(request.payment_method) ?? {};
  const lifetimeMs = lifetimeOf(behaviour, settings);
  const dueAt = lifetimeMs === undefined ? null : now + lifetimeMs;
  return {
    reference: request.reference,
    idempotencyKey,
    request: canonical(request),
    amount: behaviour.amountTaken?.(request.amount) ?? request.amount,
    currency: behaviour.currencyTaken?.(request.currency) ?? request.currency,
    status: firstStatus(behaviour),
    declineCode: behaviour.declines ?? null,
    createdAt: now,
    dueAt,
    firstDueAt: dueAt,
  };
}

function firstStatus({ declines, action, processing }: Behaviour): ChargeStatus {
  if (declines !== undefined) return 'declined';
  if (action !== undefined) return 'requires_action';
  return processing === undefined ? 'succeeded' : 'processing';
}

/** How long the charge stays in its first state, in milliseconds; undefined for a final state. */
function lifetimeOf({ action, processing }: Behaviour, settings: Settings): number | undefined {
  if (action !== undefined) return action.lifetimeMs ?? settings.action_lifetime_ms;
  return processing === undefined ? undefined : settings.processing_ms;
}

/** As at many PSPs, a replayed answer proves that the charge exists and says nothing about its state now. */
function asFirstAnswered(charge: Charge): Charge {
  const behaviour = behaviourOf(paymentMethodOf(charge.request)) ?? {};
  const { declines = null } = behaviour;
  return { ...charge, status: firstStatus(behaviour), declineCode: declines, dueAt: charge.firstDueAt };
}

function chargeAnswer(charge: Charge, pageUrl: PageUrl): Reply {
  if (charge.status !== 'declined') return answer(201, shownCharge(charge, pageUrl));
  const error = { code: charge.declineCode, message: 'The card was declined.' };
  return answer(402, { error, charge: shownCharge(charge, pageUrl) });
}
