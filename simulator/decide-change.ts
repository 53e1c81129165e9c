import { behaviourOf, type Fault } from './behaviours.ts';
import { type PageUrl, shownCharge } from './charge-json.ts';
import { type ChargeStatus, isOpen } from './charge-status.ts';
import { leaves } from './decide.ts';
import { paymentMethodOf } from './psp-requests.ts';
import type { Change, Charge, Decision, KnownOfKey } from './record.ts';
import { type Answer, answer, apiError, type Reply } from './reply.ts';
import type { Settings } from './switches.ts';

/** What the buyer does on the payment page. */
export type BuyersAct = 'approve' | 'decline';

/** How an open charge ends that is due by `now`, in milliseconds since the epoch; undefined if it isn't due. */
export function dueChange(charge: Charge, now: number): Change | undefined {
  if (!isOpen(charge.status) || charge.dueAt === null || now < charge.dueAt) return undefined;
  const endsAs = charge.status === 'processing' ? behaviour(charge).processing?.endsAs : 'expired';
  const status = endsAs ?? 'expired';
  return { charge: ended(charge, status, status === 'declined' ? 'card_declined' : null), at: charge.dueAt };
}

/**
 * Invalidates a key: from now on nothing is charged under it. Refused for a completed charge, and for one in
 * processing, whose result the PSP doesn't know yet. A declined charge can be invalidated.
 *
 * @param named repeated in the answer
 */
export function decideInvalidation(
  named: { readonly id?: string; readonly idempotency_key: string },
  known: KnownOfKey,
  pageUrl: PageUrl,
): Decision {
  const made = known.charges.find(({ status }) => status === 'succeeded');
  if (made !== undefined) {
    return leaves(refusal('charge_completed', 'The charge is made and can only be refunded.', made, pageUrl));
  }
  const inProcessing = known.charges.find(({ status }) => status === 'processing');
  if (inProcessing !== undefined) {
    const message = 'The charge is in processing: it can neither be stopped, nor is it made yet.';
    return leaves(refusal('charge_processing', message, inProcessing, pageUrl));
  }
  return {
    countsFaultySend: false,
    storesError: false,
    kind: 'invalidates',
    charges: known.charges.filter(({ status }) => isOpen(status)).map((charge) => invalidated(charge)),
    reply: answer(200, { ...named, status: 'invalidated' }),
  };
}

export function invalidated(charge: Charge): Charge {
  return ended(charge, 'invalidated', charge.declineCode);
}

export interface Confirmation {
  readonly chargeId: string;
  readonly rolled: Fault | undefined;
  readonly pageUrl: PageUrl;
}

/** Charges after the buyer's approval. A repeat changes nothing. */
export function decideConfirmation({ chargeId, rolled, pageUrl }: Confirmation, known: KnownOfKey): Decision {
  const charge = known.charges.find(({ id }) => id === chargeId);
  if (charge === undefined) return leaves(NO_SUCH_CHARGE);
  if (rolled?.processes === false) return leaves(rolled.reply());
  const after = charge.status === 'authenticated' ? carriedOut(charge) : charge;
  const answered = confirmationAnswer(after, pageUrl);
  const reply = rolled === undefined ? answered : rolled.reply(answered);
  return after === charge ? leaves(reply) : changes(after, reply);
}

export const NO_SUCH_CHARGE = apiError(404, 'no_such_charge', 'There is no charge of this id.');

/**
 * The effect of the buyer's act. A charge that no longer waits for its buyer stays as it is: an approval may be sent
 * twice, or come after an invalidation or an expiry.
 *
 * @param reply gets the charge in its new state
 */
export function decideAct(
  { chargeId, act, settings, now }: ActOnCharge,
  known: KnownOfKey,
  reply: (charge: Charge) => Reply,
): Decision {
  const charge = known.charges.find(({ id }) => id === chargeId);
  if (charge === undefined) return leaves(NO_SUCH_CHARGE);
  if (charge.status !== 'requires_action') return leaves(reply(charge));
  const after =
    act === 'approve' ? approved(charge, settings, now) : failed(charge, 'buyer_declined', settings);
  return changes(after, reply(after));
}

export interface ActOnCharge {
  readonly chargeId: string;
  readonly act: BuyersAct;
  readonly settings: Settings;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

function approved(charge: Charge, settings: Settings, now: number): Charge {
  if (settings.needs_confirmation) {
    return { ...charge, status: 'authenticated', declineCode: null, dueAt: now + settings.confirm_within_ms };
  }
  const after = carriedOut(charge);
  return after.status === 'declined' ? failed(charge, after.declineCode ?? 'declined', settings) : after;
}

function carriedOut(charge: Charge): Charge {
  const declines = behaviour(charge).action?.declines;
  return declines === undefined ? ended(charge, 'succeeded', null) : ended(charge, 'declined', declines);
}

function failed(charge: Charge, declineCode: string, settings: Settings): Charge {
  return settings.retry_after_failed_action
    ? { ...charge, declineCode }
    : ended(charge, 'declined', declineCode);
}

function confirmationAnswer(charge: Charge, pageUrl: PageUrl): Answer {
  const shown = shownCharge(charge, pageUrl);
  switch (charge.status) {
    case 'succeeded':
    case 'authenticated':
      return answer(200, shown);
    case 'declined':
      return answer(402, {
        error: { code: charge.declineCode, message: 'The charge was declined.' },
        charge: shown,
      });
    case 'requires_action':
      return refusal('action_required', 'The buyer has not approved the charge.', charge, pageUrl);
    case 'processing':
      return refusal('charge_processing', 'The charge is in processing.', charge, pageUrl);
    case 'expired':
      return refusal('charge_expired', 'The charge has expired: nothing was charged.', charge, pageUrl);
    case 'invalidated':
      return refusal('invalidated', 'The charge was invalidated: nothing was charged.', charge, pageUrl);
  }
}

function refusal(code: string, message: string, charge: Charge, pageUrl: PageUrl): Answer {
  return answer(409, { error: { code, message }, charge: shownCharge(charge, pageUrl) });
}

function changes(charge: Charge, reply: Reply): Decision {
  return { countsFaultySend: false, storesError: false, kind: 'changes', charge, reply };
}

function ended(charge: Charge, status: ChargeStatus, declineCode: string | null): Charge {
  return { ...charge, status, declineCode, dueAt: null };
}

function behaviour(charge: Charge) {
  return behaviourOf(paymentMethodOf(charge.request)) ?? {};
}
