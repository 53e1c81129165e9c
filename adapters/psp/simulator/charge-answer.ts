import * as z from 'zod/mini';
import { isPrivateAddress } from '../../../domain/loopback.ts';
import type { Decline, PspCharge, PspState } from '../../../domain/payment/psp-outcome.ts';

/** Without characters that PostgreSQL can't store: an answer that can't be recorded would be requested again and again. */
export const text = z.pipe(
  z.string().check(z.minLength(1), z.maxLength(255)),
  z.transform((given) => given.toWellFormed().replaceAll('\0', '\ufffd')),
);
/** A page that a buyer can be sent to: never over a network without TLS. */
const pageUrl = z.string().check(
  z.maxLength(2_000),
  z.refine((given) => {
    const url = URL.parse(given);
    return url !== null && isPrivateAddress(url);
  }),
);
/** In the format of `Date.prototype.toISOString`, in four-digit years: the database stores those. */
export const moment = z.pipe(
  z.string().check(
    z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/),
    z.refine((given) => !Number.isNaN(Date.parse(given))),
  ),
  z.transform((given) => new Date(given)),
);

/** A charge in the PSP's answers and events. */
export const chargeSchema = z.object({
  id: text,
  reference: text,
  // A safe integer: a number above 2^53 has lost digits and is no valid amount.
  amount: z.int().check(z.positive()),
  currency: text,
  status: z.enum([
    'processing',
    'requires_action',
    'authenticated',
    'succeeded',
    'declined',
    'expired',
    'invalidated',
  ]),
  decline_code: z.optional(text),
  redirect_url: z.optional(pageUrl),
  expires_at: z.optional(moment),
  send_by: z.optional(moment),
});
export type ChargeAnswer = z.infer<typeof chargeSchema>;

/** The PSP's decline codes and our categories. */
export const DECLINES: Readonly<Record<string, Decline['category']>> = Object.assign(Object.create(null), {
  // We invalidated this key ourselves: it says nothing about the buyer's account.
  invalidated: 'not_processed',
  expired: 'expired',
  insufficient_funds: 'insufficient_funds',
  card_declined: 'card_declined',
  expired_card: 'expired_card',
  fraudulent: 'fraud_suspected',
  buyer_declined: 'other',
});

/**
 * The state of a charge by its status. A charge that is declined, expired or invalidated never comes back to life: where
 * the PSP lets a buyer try again, the charge stays in `requires_action`.
 *
 * @returns undefined for a charge that contradicts itself
 */
export function stateOf(charge: ChargeAnswer): PspState | undefined {
  const { id: pspReference, redirect_url: redirectUrl, expires_at: expiresAt, send_by: sendBy } = charge;
  switch (charge.status) {
    case 'succeeded':
      return { kind: 'succeeded', charge: pspChargeOf(charge) };
    case 'declined':
      return declineOf(charge.decline_code ?? 'declined');
    case 'expired':
    case 'invalidated':
      return declineOf(charge.status);
    case 'requires_action':
      if (redirectUrl === undefined) return undefined;
      return { kind: 'requires_action', pspReference, redirectUrl, ...expiring(expiresAt) };
    case 'authenticated':
      return { kind: 'requires_action', pspReference, redirectUrl: null, ...expiring(sendBy) };
    case 'processing':
      return { kind: 'pending', pspReference, ...expiring(expiresAt) };
  }
}

export function declineOf(pspCode: string): Extract<PspState, { kind: 'declined' }> {
  const category = DECLINES[pspCode] ?? 'other';
  const code = category === 'other' ? 'declined' : category;
  return { kind: 'declined', decline: { category, code, pspCode }, isFinal: true };
}

export function pspChargeOf(charge: ChargeAnswer): PspCharge {
  return {
    pspReference: charge.id,
    reference: charge.reference,
    amountMinor: BigInt(charge.amount),
    currency: charge.currency,
  };
}

function expiring(expiresAt: Date | undefined): { readonly expiresAt?: Date } {
  return expiresAt === undefined ? {} : { expiresAt };
}

/** @returns undefined for anything that isn't JSON of this schema */
export function parse<Output>(schema: z.ZodMiniType<Output>, body: string): Output | undefined {
  try {
    return schema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
