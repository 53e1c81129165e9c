import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { isCurrency } from '../../domain/money/currency.ts';
import type { Clock } from '../clock.ts';
import { behaviourOf } from './behaviours.ts';
import { type Call, CallLog } from './call-log.ts';
import { type Charge, ChargeRecord } from './charge-record.ts';
import { Controls } from './controls.ts';
import { inTransaction } from './open-record.ts';
import { answer, apiError, chargeJson, type Reply } from './reply.ts';

/** The one key that this PSP knows. No secret: it is here so that a wrong one is refused, as everywhere. */
const API_KEY = 'simulator-key';
/** How long the PSP remembers an idempotency key: a day, as is usual. */
const KEY_LIFETIME_MS = 24 * 3600 * 1000;
/** A charge can be looked up after this. Half of what is promised, so that nobody's clock can break the promise. */
const LOOK_UP_LAG_MS = 500;
/** More charges than that under one reference are no longer worth telling apart. */
const LOOK_UP_LIMIT = 100;

/** The parts of an HTTP request that mean something to the PSP. */
export interface PspCall {
  readonly authorization: string | undefined;
  readonly idempotencyKey: string | undefined;
}

const text = z.string().min(1).max(255);
const chargeRequest = z.strictObject({
  reference: text,
  amount: z.int().min(1),
  currency: z.string().refine(isCurrency, 'no currency of ISO 4217'),
  payment_method: text.refine((token) => behaviourOf(token) !== undefined, 'no such payment method'),
});
type ChargeRequest = z.infer<typeof chargeRequest>;

/**
 * A payment service provider as its API's callers see it, faults included. What a call does is done, and on record,
 * before its reply is returned; a reply that is late or lost undoes nothing.
 */
export class SimulatedPsp {
  readonly controls = new Controls();
  readonly charges: ChargeRecord;
  readonly calls: CallLog;
  private readonly database: DatabaseSync;
  private readonly clock: Clock;

  constructor(database: DatabaseSync, clock: Clock) {
    this.database = database;
    this.charges = new ChargeRecord(database);
    this.calls = new CallLog(database);
    this.clock = clock;
  }

  /** `POST /v1/charges` */
  charge(call: PspCall, body: string): Reply {
    const parsed = parseCharge(body);
    const named = 'reference' in parsed ? parsed.reference : null;
    return this.onRecord('send', named, call.idempotencyKey, () => {
      const refusal = this.refusalOf(call);
      if (refusal !== undefined) return refusal;
      if (!('reference' in parsed)) return parsed;
      if (!isIdempotencyKey(call.idempotencyKey)) {
        return apiError(400, 'idempotency_key_missing', 'Send an Idempotency-Key of 1 to 255 characters.');
      }
      return this.process(parsed, call.idempotencyKey);
    });
  }

  /** `GET /v1/charges?reference=&idempotency_key=`: the charges that match, oldest first. */
  lookUp(call: PspCall, query: URLSearchParams): Reply {
    const reference = query.get('reference') ?? undefined;
    const idempotencyKey = query.get('idempotency_key') ?? undefined;
    return this.onRecord('look_up', reference ?? null, idempotencyKey, () => {
      const refusal = this.refusalOf(call);
      if (refusal !== undefined) return refusal;
      if (reference === undefined && idempotencyKey === undefined) {
        return apiError(400, 'parameter_missing', 'Name a reference or an idempotency_key.', 'reference');
      }
      const createdUntil = this.clock.now() - LOOK_UP_LAG_MS;
      const found = this.charges.oldestFirst({ reference, idempotencyKey, createdUntil }, LOOK_UP_LIMIT);
      return answer(200, { charges: found.map(chargeJson) });
    });
  }

  private process(request: ChargeRequest, idempotencyKey: string): Reply {
    const stored = this.storedUnder(idempotencyKey);
    if (stored !== undefined && stored.request !== canonical(request)) {
      return apiError(409, 'idempotency_key_reused', 'This Idempotency-Key was used for another charge.');
    }
    const fault = behaviourOf(request.payment_method)?.fault;
    const struck = fault !== undefined && this.charges.countFaultySend(request.reference) <= fault.calls;
    if (struck && !fault.processes) return fault.reply();
    const answer = chargeAnswer(stored ?? this.take(request, idempotencyKey));
    return struck ? fault.reply(answer) : answer;
  }

  private storedUnder(idempotencyKey: string): Charge | undefined {
    if (!this.controls.deduplicates) return undefined;
    const createdAfter = this.clock.now() - KEY_LIFETIME_MS;
    return this.charges.oldestFirst({ idempotencyKey, createdAfter }, 1)[0];
  }

  /** Charges, or declines: either is on record, and what a repeat of the key gets. */
  private take(request: ChargeRequest, idempotencyKey: string): Charge {
    const behaviour = behaviourOf(request.payment_method);
    return this.charges.add({
      reference: request.reference,
      idempotencyKey,
      request: canonical(request),
      amount: behaviour?.amountTaken?.(request.amount) ?? request.amount,
      currency: request.currency,
      status: behaviour?.declines === undefined ? 'succeeded' : 'declined',
      declineCode: behaviour?.declines ?? null,
      createdAt: this.clock.now(),
    });
  }

  private refusalOf(call: PspCall): Reply | undefined {
    const known = call.authorization === `Bearer ${API_KEY}` && !this.controls.rejectsKey(this.clock.now());
    return known ? undefined : apiError(401, 'invalid_api_key', 'This API key is not known, or no longer.');
  }

  /** Decides on a call and logs it, in one transaction. */
  private onRecord(
    kind: Call['kind'],
    reference: string | null,
    idempotencyKey: string | undefined,
    decide: () => Reply,
  ): Reply {
    return inTransaction(this.database, () => {
      const reply = decide();
      this.calls.add({
        kind,
        reference,
        idempotencyKey: idempotencyKey ?? null,
        status: reply.kind === 'answer' ? reply.status : null,
        at: this.clock.now(),
      });
      return reply.kind === 'answer' ? { ...reply, delayMs: reply.delayMs + this.controls.latencyMs } : reply;
    });
  }
}

function parseCharge(body: string): ChargeRequest | Extract<Reply, { kind: 'answer' }> {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return apiError(400, 'invalid_json', 'The body is not JSON.');
  }
  const parsed = chargeRequest.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const parameter = issue?.path[0] === undefined ? undefined : String(issue.path[0]);
  return apiError(422, 'invalid_parameter', issue?.message ?? 'The body is not a charge.', parameter);
}

function isIdempotencyKey(key: string | undefined): key is string {
  return key !== undefined && key.length > 0 && key.length <= 255;
}

/** Two requests are the same request when these four are. */
function canonical(request: ChargeRequest): string {
  return JSON.stringify([request.reference, request.amount, request.currency, request.payment_method]);
}

function chargeAnswer(charge: Charge): Reply {
  if (charge.status === 'succeeded') return answer(201, chargeJson(charge));
  const error = { code: charge.declineCode, message: 'The card was declined.' };
  return answer(402, { error, charge: chargeJson(charge) });
}
