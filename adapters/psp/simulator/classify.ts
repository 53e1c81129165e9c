import * as z from 'zod/mini';
import type {
  NoAnswer,
  PspCharge,
  PspFinding,
  PspInvalidation,
  PspOutcome,
  PspState,
} from '../../../domain/payment/psp-outcome.ts';
import type { HttpExchange } from '../http-exchange.ts';
import type { ListedMovements } from '../psp-movement.ts';
import { retryAfterSeconds } from '../retry-after.ts';
import {
  type ChargeAnswer,
  chargeSchema,
  DECLINES,
  declineOf,
  moment,
  parse,
  pspChargeOf,
  stateOf,
  text,
} from './charge-answer.ts';

type Answer = Extract<HttpExchange, { kind: 'answered' }>;
type Lack = NoAnswer['outcome'];
type Unknown = Extract<PspOutcome, { kind: 'unknown' }>;

/**
 * The status and code of the answers that say that nothing was done. A pair that isn't listed, here or below, is unknown: a
 * status alone may come from anything between the PSP and us.
 */
const NOTHING_DONE: Readonly<Record<string, (answer: Answer, now: number) => Lack>> = listed({
  '401 invalid_api_key': () => ({ kind: 'misconfigured', reason: 'HTTP 401: the PSP refuses our API key' }),
  '429 rate_limited': (answer, now) => rateLimited(answer, now, false),
  '503 not_processed': () => ({ kind: 'not_sent', reason: 'HTTP 503: not_processed' }),
});

/**
 * Refusals of a request that no account was asked about: the PSP validates the request alone, before it checks the key.
 * So neither this attempt nor an earlier one, which was the same request, charged anything.
 */
const INVALID: ReadonlySet<string> = new Set([
  '400 invalid_json',
  '400 idempotency_key_missing',
  '422 invalid_parameter',
]);

/** Refusals of a confirmation, whose meaning is in the charge that comes with them. */
const NOT_CONFIRMED: ReadonlySet<string> = new Set([
  '409 action_required',
  '409 charge_processing',
  '409 charge_expired',
  '409 invalidated',
]);

const errorSchema = z.object({ error: z.object({ code: text, param: z.optional(text) }) });
const withChargeSchema = z.object({ charge: chargeSchema });
const invalidatedSchema = z.object({ idempotency_key: text, status: z.literal('invalidated') });
const entriesSchema = z.object({
  entries: z.array(
    z.object({
      id: text,
      kind: z.literal('charge'),
      amount: z.int().check(z.positive()),
      currency: z.string().check(z.regex(/^[A-Z]{3}$/)),
      charge: text,
      reference: text,
      created_at: moment,
      available_at: moment,
    }),
  ),
  next_cursor: z.nullable(text),
});
const listSchema = z.object({ charges: z.array(chargeSchema) });

/**
 * After a send or a confirmation.
 *
 * @param now milliseconds since the epoch
 */
export function classifyCharge(exchange: HttpExchange, now: number): PspOutcome {
  if (exchange.kind !== 'answered') return unanswered(exchange);
  if (exchange.status === 200 || exchange.status === 201) return charged(exchange);
  const { pair, error } = errorOf(exchange);
  if (error === undefined) return lackOf(exchange, now);
  if (exchange.status === 402 && error.code in DECLINES) return declineOf(error.code);
  if (INVALID.has(pair)) return refusedAsInvalid(error);
  if (NOT_CONFIRMED.has(pair)) return notConfirmed(exchange);
  return lackOf(exchange, now);
}

/**
 * After a look-up by key and reference.
 *
 * @param now milliseconds since the epoch
 */
export function classifyLookUp(exchange: HttpExchange, now: number): PspFinding {
  if (exchange.kind !== 'answered') return noAnswer(unanswered(exchange));
  return exchange.status === 200 ? listedCharges(exchange) : noAnswer(lackOf(exchange, now));
}

/**
 * After a look-up by the PSP's id. That the PSP doesn't know an id of its own says nothing about the charge.
 *
 * @param now milliseconds since the epoch
 */
export function classifyShownCharge(exchange: HttpExchange, id: string, now: number): PspFinding {
  if (exchange.kind !== 'answered') return noAnswer(unanswered(exchange));
  if (exchange.status !== 200) return noAnswer(lackOf(exchange, now));
  const charge = parse(chargeSchema, exchange.body);
  const state = charge?.id === id ? stateOf(charge) : undefined;
  return found(exchange, state);
}

/**
 * After an invalidation. A 404, from a PSP that can't invalidate, has invalidated nothing, so it is no answer.
 *
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
  switch (errorOf(exchange).pair) {
    case '409 charge_completed':
      return completed(exchange);
    case '409 charge_processing':
      return processing(exchange);
    default:
      return noAnswer(lackOf(exchange, now));
  }
}

/**
 * A page of the PSP's list of entries. One entry that can't be read makes the page unreadable: none is left out.
 *
 * @param now milliseconds since the epoch
 */
export function classifyEntries(exchange: HttpExchange, now: number): ListedMovements {
  if (exchange.kind !== 'answered') return noAnswer(unanswered(exchange));
  if (exchange.status !== 200) return noAnswer(lackOf(exchange, now));
  const page = parse(entriesSchema, exchange.body);
  if (page === undefined)
    return noAnswer(unknown(exchange, 'not the list of entries that was to be expected'));
  const movements = page.entries.map((entry) => ({
    pspEntryId: entry.id,
    pspReference: entry.charge,
    reference: entry.reference,
    kind: entry.kind,
    amountMinor: BigInt(entry.amount),
    currency: entry.currency,
    occurredAt: entry.created_at,
    availableAt: entry.available_at,
  }));
  return { kind: 'listed', movements, next: page.next_cursor ?? undefined };
}

/** Whether the answer refuses our key, and only that. */
export function isKeyRefused(exchange: HttpExchange): boolean {
  return exchange.kind === 'answered' && errorOf(exchange).pair === '401 invalid_api_key';
}

/** Refused, unresolved and unreachable: no connection was established, so nothing was sent. All else may have arrived. */
function unanswered(exchange: Exclude<HttpExchange, Answer>): Lack {
  const { reason } = exchange;
  if (exchange.kind === 'broken') return { kind: 'unknown', reason };
  return { kind: 'not_sent', reason, ...(exchange.isOurs ? { isOurs: true } : {}) };
}

/** An answer in another format than the PSP's, for example from a proxy, has no code. */
function errorOf(answer: Answer) {
  const error = parse(errorSchema, answer.body)?.error;
  return { error, pair: `${answer.status} ${error?.code}` };
}

function lackOf(answer: Answer, now: number): Lack {
  const { pair, error } = errorOf(answer);
  const meaning = NOTHING_DONE[pair];
  if (meaning !== undefined) return meaning(answer, now);
  // Whoever limits our rate, we send less; but only the PSP's own limit is known to come before all else.
  return answer.status === 429 ? rateLimited(answer, now, true) : unknown(answer, error?.code);
}

function charged(answer: Answer): PspOutcome {
  const charge = parse(chargeSchema, answer.body);
  const state = charge === undefined ? undefined : stateOf(charge);
  // A successful answer with a charge that took no money contradicts itself.
  if (state === undefined || state.kind === 'declined') {
    return unknown(answer, 'not the charge that was to be expected');
  }
  return state;
}

function refusedAsInvalid(error: { readonly code: string; readonly param?: string | undefined }): PspOutcome {
  const category = error.param === 'payment_method' ? 'invalid_payment_method' : 'other';
  const decline = { category, code: 'refused_as_invalid', pspCode: error.code } as const;
  return { kind: 'declined', decline, isFinal: true };
}

function notConfirmed(answer: Answer): PspOutcome {
  const charge = parse(withChargeSchema, answer.body)?.charge;
  const state = charge === undefined ? undefined : stateOf(charge);
  return state ?? unknown(answer, 'a refused confirmation without its charge');
}

function rateLimited(answer: Answer, now: number, maybeSent: boolean): Lack {
  return { kind: 'rate_limited', retryAfterSeconds: retryAfterSeconds(answer.retryAfter, now), maybeSent };
}

/** A false "invalidated" would fail an order that is charged later: only the PSP's own answer about this key counts. */
function invalidated(answer: Answer, idempotencyKey: string): PspInvalidation {
  const key = parse(invalidatedSchema, answer.body)?.idempotency_key;
  if (key === idempotencyKey) return { kind: 'invalidated' };
  return noAnswer(unknown(answer, 'not the invalidation that was to be expected'));
}

function completed(answer: Answer): PspInvalidation {
  const charge = parse(withChargeSchema, answer.body)?.charge;
  // A refusal with a declined charge has invalidated nothing: once the PSP forgets the key, a late request may charge.
  if (charge?.status !== 'succeeded')
    return noAnswer(unknown(answer, 'a refused invalidation without its charge'));
  return { kind: 'charged', charge: pspChargeOf(charge) };
}

function processing(answer: Answer): PspInvalidation {
  const charge = parse(withChargeSchema, answer.body)?.charge;
  const state = charge === undefined ? undefined : stateOf(charge);
  if (state?.kind === 'pending') return { kind: 'found', outcome: state };
  return noAnswer(unknown(answer, 'a refused invalidation without its charge'));
}

const OPEN: ReadonlySet<ChargeAnswer['status']> = new Set<ChargeAnswer['status']>([
  'processing',
  'requires_action',
  'authenticated',
]);

/**
 * Charges that took money outweigh all others: an order that was paid is paid. All of them are reported. An open charge
 * outweighs those that have ended.
 */
function listedCharges(answer: Answer): PspFinding {
  const charges = parse(listSchema, answer.body)?.charges;
  if (charges === undefined) return noAnswer(unknown(answer, 'not the list that was to be expected'));
  const [first, ...further] = charges.filter(({ status }) => status === 'succeeded').map(pspChargeOf);
  if (first !== undefined) return { kind: 'found', outcome: succeeded(first, further) };
  const decisive = charges.find(({ status }) => OPEN.has(status)) ?? charges.at(-1);
  return decisive === undefined ? { kind: 'not_found' } : found(answer, stateOf(decisive));
}

function succeeded(charge: PspCharge, further: readonly PspCharge[]): PspState {
  return { kind: 'succeeded', charge, ...(further.length === 0 ? {} : { furtherCharges: further }) };
}

function found(answer: Answer, state: PspState | undefined): PspFinding {
  if (state === undefined) return noAnswer(unknown(answer, 'not the charge that was to be expected'));
  return { kind: 'found', outcome: state };
}

function unknown(answer: Answer, detail?: string): Unknown {
  return { kind: 'unknown', reason: `HTTP ${answer.status}${detail === undefined ? '' : `: ${detail}`}` };
}

function noAnswer(outcome: Lack): NoAnswer {
  return { kind: 'no_answer', outcome };
}

/** Without a prototype, so that no name that a PSP sends is found by accident. */
function listed<Meaning>(meanings: Readonly<Record<string, Meaning>>): Readonly<Record<string, Meaning>> {
  return Object.assign(Object.create(null), meanings);
}
