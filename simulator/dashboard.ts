import * as z from 'zod/mini';
import { isCurrency } from '../domain/money/currency.ts';
import { chargeJson } from './charge-json.ts';
import type { Charges, Moment } from './charges.ts';
import { canonical, MAX_TEXT_LENGTH } from './psp-requests.ts';
import type { Decision, NewCharge } from './record.ts';
import { type Answer, answer, apiError } from './reply.ts';

/** A charge that somebody makes in the PSP's dashboard, past the pipeline. */
export const dashboardCharge = z.strictObject({
  amount: z.int('It takes a whole number from 1.').check(z.minimum(1, 'It takes a whole number from 1.')),
  currency: z.string('It takes a string.').check(z.refine(isCurrency, 'no currency of ISO 4217')),
  /** Nothing of ours by default; with an order's id, the buyer is charged beside it. */
  reference: z._default(
    z.string('It takes a string.').check(z.minLength(1, 'It is empty.'), z.maxLength(MAX_TEXT_LENGTH)),
    'dashboard',
  ),
});
export type DashboardCharge = z.infer<typeof dashboardCharge>;

/** @param idempotencyKey a new one: each charge is another */
export async function chargeInDashboard(
  charges: Charges,
  { amount, currency, reference }: DashboardCharge,
  idempotencyKey: string,
  moment: Moment,
): Promise<Answer> {
  const charge: NewCharge = {
    reference,
    idempotencyKey,
    request: canonical({ reference, amount, currency, payment_method: 'sim_ok' }),
    amount,
    currency,
    status: 'succeeded',
    declineCode: null,
    createdAt: moment.now,
    dueAt: null,
    firstDueAt: null,
  };
  const call = { kind: undefined, reference, idempotencyKey, at: moment.now };
  const reply = await charges.carryOut(call, () => charging(charge), moment);
  return reply.kind === 'answer' ? reply : apiError(500, 'internal_error', 'The charge was not made.');
}

function charging(charge: NewCharge): Decision {
  return {
    kind: 'charges',
    countsFaultySend: false,
    storesError: false,
    charge,
    reply: (made) => answer(201, chargeJson(made)),
  };
}
