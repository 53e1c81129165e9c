import * as z from 'zod/mini';
import type {
  Decline,
  PspCharge,
  PspFinding,
  PspInvalidation,
  PspOutcome,
} from '../../../domain/payment/psp-outcome.ts';
import type { HttpExchange } from '../http-exchange.ts';
import { retryAfterSeconds } from '../retry-after.ts';

type Answer = Extract<HttpExchange, { kind: 'answered' }>;
/** Maps an HTTP status of the PSP to an outcome; `now` is in milliseconds since the epoch. */
type Meaning<Outcome> = (answer: Answer, now: number) => Outcome;
type NoAnswer = Extract<PspFinding, { kind: 'no_answer' }>['outcome'];

/**
 * What each status means after a send. A status that isn't listed, such as 5xx, is unknown.
 *
 * 400 and 422 are declines: the PSP validates the request alone, before it checks the key or any account. So neither this
 * attempt nor an earlier one, which was the same request, charged anything.
 */
const AFTER_CHARGE: Readonly<Record<number, Meaning<PspOutcome>>> = {
  200: charged,
  201: charged,
  400: refusedAsInvalid,
  401: keyRefused,
  402: declined,
  403: keyRefused,
  409: (answer) => unknown(answer, 'the idempotency key is in use for another charge'),
  422: refusedAsInvalid,
  429: rateLimited,
  503: unavailable,
};

/** What each status means after a look-up. */
const AFTER_LOOK_UP: Readonly<Record<number, Meaning<PspFinding>>> = {
  200: listed,
  401: (answer) => noAnswer(keyRefused(answer)),
  403: (answer) => noAnswer(keyRefused(answer)),
  429: (answer, now) => noAnswer(rateLimited(answer, now)),
  503: (answer) => noAnswer(unavailable(answer)),
};

/**
 * What each status but 200 means after an invalidation: 409 is the refusal because of a completed charge. A 404, from a PSP
 * that can't invalidate, has invalidated nothing, so it is no answer.
 */
const AFTER_INVALIDATION: Readonly<Record<number, Meaning<PspInvalidation>>> = {
  401: (answer) => noAnswer(keyRefused(answer)),
  403: (answer) => noAnswer(keyRefused(answer)),
  409: completed,
  429: (answer, now) => noAnswer(rateLimited(answer, now)),
  503: (answer) => noAnswer(unavailable(answer)),
};

/** Maps the PSP's decline codes to ours; a code that isn't listed is `other`. */
const DECLINES: Readonly<Record<string, Decline['category']>> = {
  // We invalidated this key ourselves: it says nothing about the buyer's account.
  invalidated: 'not_processed',
  insufficient_funds: 'insufficient_funds',
  card_declined: 'card_declined',
  expired_card: 'expired_card',
  fraudulent: 'fraud_suspected',
};

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Without characters that PostgreSQL can't store: an answer that can't be recorded would be requested again and again. */
const text = z.pipe(
  z.string().check(z.minLength(1), z.maxLength(255)),
  z.transform((given) => given.toWellFormed().replaceAll('\0', '\ufffd')),
);
/** A page that a buyer can be sent to: never over a network without TLS. */
const pageUrl = z.string().check(
  z.maxLength(2_000),
  z.refine((given) => {
    const url = URL.parse(given);
    return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname));
  }),
);
const chargeSchema = z.object({
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
});
const errorSchema = z.object({ error: z.object({ code: text, param: z.optional(text) }) });
const invalidatedSchema = z.object({ idempotency_key: text, status: z.literal('invalidated') });
const completedSchema = z.object({ charge: chargeSchema });
const listSchema = z.object({ charges: z.array(chargeSchema) });
type Charge = z.infer<typeof chargeSchema>;

/** @param now milliseconds since the epoch */
export function classifyCharge(exchange: HttpExchange, now: number): PspOutcome {
  if (exchange.kind !== 'answered') return unanswered(exchange);
  const meaning = AFTER_CHARGE[exchange.status];
  return meaning === undefined ? unknown(exchange) : meaning(exchange, now);
}

/** @param now milliseconds since the epoch */
export function classifyLookUp(exchange: HttpExchange, now: number): PspFinding {
  if (exchange.kind !== 'answered') return noAnswer(unanswered(exchange));
  const meaning = AFTER_LOOK_UP[exchange.status];
  return meaning === undefined ? noAnswer(unknown(exchange)) : meaning(exchange, now);
}

/**
 * @param idempotencyKey the key to invalidate: an answer about another one invalidates nothing
 * @param now milliseconds since the epoch
 */
export function classifyInvalidation(
  exchange: HttpExchange,
  idempotencyKey: string,
  now: number,
): PspInvalidation {
  if (exchange.kind !== 'answered') return noAnswer(unanswered(exchange));
  if (exchange.status === 200) return invalidated(exchange, idempotencyKey);
  const meaning = AFTER_INVALIDATION[exchange.status];
  return meaning === undefined ? noAnswer(unknown(exchange)) : meaning(exchange, now);
}

/** Refused, unresolved and unreachable: no connection was established, so nothing was sent. All else may have arrived. */
function unanswered(exchange: Exclude<HttpExchange, Answer>): NoAnswer {
  return { kind: exchange.kind === 'not_connected' ? 'not_sent' : 'unknown', reason: exchange.reason };
}

function charged(answer: Answer): PspOutcome {
  const charge = parse(chargeSchema, answer.body);
  // A successful answer with a charge that took no money contradicts itself.
  const outcome = charge === undefined ? undefined : outcomeOf(answer, charge);
  if (outcome === undefined || outcome.kind === 'declined') {
    return unknown(answer, 'not the charge that was to be expected');
  }
  return outcome;
}

function declined(answer: Answer): PspOutcome {
  const code = parse(errorSchema, answer.body)?.error.code;
  return code === undefined ? unknown(answer, 'a decline without a code') : declineOf(code);
}

function refusedAsInvalid(answer: Answer): PspOutcome {
  const error = parse(errorSchema, answer.body)?.error;
  // A refusal in another format than the PSP's, for example from a proxy, says nothing about the PSP.
  if (error === undefined) return unknown(answer, 'a refusal without a code');
  const category = error.param === 'payment_method' ? 'invalid_payment_method' : 'other';
  return { kind: 'declined', decline: { category, code: 'refused_as_invalid', pspCode: error.code } };
}

function keyRefused(answer: Answer): NoAnswer {
  return { kind: 'misconfigured', reason: `HTTP ${answer.status}: the PSP refuses our API key` };
}

function rateLimited(answer: Answer, now: number): NoAnswer {
  return { kind: 'rate_limited', retryAfterSeconds: retryAfterSeconds(answer.retryAfter, now) };
}

/** A false "invalidated" would fail an order that is charged later: only the PSP's own answer about this key counts. */
function invalidated(answer: Answer, idempotencyKey: string): PspInvalidation {
  const key = parse(invalidatedSchema, answer.body)?.idempotency_key;
  if (key === idempotencyKey) return { kind: 'invalidated' };
  return noAnswer(unknown(answer, 'not the invalidation that was to be expected'));
}

function completed(answer: Answer): PspInvalidation {
  const charge = parse(completedSchema, answer.body)?.charge;
  // A refusal with a declined charge has invalidated nothing: once the PSP forgets the key, a late request may charge.
  if (charge?.status !== 'succeeded')
    return noAnswer(unknown(answer, 'a refused invalidation without its charge'));
  return { kind: 'charged', charge: claimOf(charge) };
}

/** A 503 proves that nothing was done only with this code; without it, a failing PSP may have charged. */
function unavailable(answer: Answer): NoAnswer {
  const code = parse(errorSchema, answer.body)?.error.code;
  return code === 'not_processed' ? { kind: 'not_sent', reason: 'HTTP 503: not_processed' } : unknown(answer);
}

/**
 * Charges that took money outweigh all others: an order that was paid is paid. All of them are reported. An open charge
 * outweighs those that have ended.
 */
function listed(answer: Answer): PspFinding {
  const charges = parse(listSchema, answer.body)?.charges;
  if (charges === undefined) return noAnswer(unknown(answer, 'not the list that was to be expected'));
  const [first, ...further] = charges.filter(({ status }) => status === 'succeeded').map(claimOf);
  if (first !== undefined) {
    const furtherCharges = further.length === 0 ? {} : { furtherCharges: further };
    return { kind: 'found', outcome: { kind: 'succeeded', charge: first, ...furtherCharges } };
  }
  const decisive = charges.find(({ status }) => OPEN.has(status)) ?? charges.at(-1);
  if (decisive === undefined) return { kind: 'not_found' };
  const outcome = outcomeOf(answer, decisive);
  return outcome.kind === 'unknown' ? noAnswer(outcome) : { kind: 'found', outcome };
}

const OPEN: ReadonlySet<Charge['status']> = new Set<Charge['status']>([
  'processing',
  'requires_action',
  'authenticated',
]);

function outcomeOf(
  answer: Answer,
  charge: Charge,
): Extract<PspOutcome, { kind: 'succeeded' | 'declined' | 'requires_action' | 'unknown' }> {
  switch (charge.status) {
    case 'succeeded':
      return { kind: 'succeeded', charge: claimOf(charge) };
    case 'declined':
      return declineOf(charge.decline_code ?? 'declined');
    case 'expired':
    case 'invalidated':
      return declineOf(charge.status);
    case 'requires_action':
      return charge.redirect_url === undefined
        ? unknown(answer, 'a charge that waits for its buyer, without a page')
        : { kind: 'requires_action', pspReference: charge.id, redirectUrl: charge.redirect_url };
    case 'processing':
      return unknown(answer, 'the PSP is still processing the charge');
    case 'authenticated':
      return unknown(answer, 'the buyer has approved the charge, and it is not confirmed');
  }
}

function claimOf(charge: Charge): PspCharge {
  return {
    pspReference: charge.id,
    reference: charge.reference,
    amountMinor: BigInt(charge.amount),
    currency: charge.currency,
  };
}

function declineOf(pspCode: string): Extract<PspOutcome, { kind: 'declined' }> {
  const category = (Object.hasOwn(DECLINES, pspCode) ? DECLINES[pspCode] : undefined) ?? 'other';
  return {
    kind: 'declined',
    decline: { category, code: category === 'other' ? 'declined' : category, pspCode },
  };
}

function unknown(answer: Answer, detail?: string): Extract<PspOutcome, { kind: 'unknown' }> {
  return { kind: 'unknown', reason: `HTTP ${answer.status}${detail === undefined ? '' : `: ${detail}`}` };
}

function noAnswer(outcome: NoAnswer): Extract<PspFinding, { kind: 'no_answer' }> {
  return { kind: 'no_answer', outcome };
}

function parse<Output>(schema: z.ZodMiniType<Output>, body: string): Output | undefined {
  try {
    return schema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
