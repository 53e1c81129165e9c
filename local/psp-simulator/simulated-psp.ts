import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { isCurrency } from '../../domain/money/currency.ts';
import type { SimulatedPspName } from '../../domain/payment/payment-method.ts';
import type { Clock } from '../clock.ts';
import { behaviourOf, type Fault, serverError } from './behaviours.ts';
import { type Call, CallLog } from './call-log.ts';
import { type Charge, ChargeRecord } from './charge-record.ts';
import { Controls } from './controls.ts';
import { FenceRecord } from './fence-record.ts';
import { inTransaction } from './open-record.ts';
import { answer, apiError, chargeJson, type Reply, silence } from './reply.ts';

/** The one key that each PSP knows. No secrets: they are here so that a wrong one is refused, as everywhere. */
const API_KEYS: Readonly<Record<SimulatedPspName, string>> = {
  simulator: 'simulator-key',
  simulator_2: 'simulator-2-key',
};
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
const cancelRequest = z.strictObject({ reference: text, idempotency_key: text });

/**
 * A payment service provider as its API's callers see it, faults included. What a call does is done, and on record,
 * before its reply is returned; a reply that is late or lost undoes nothing.
 */
export class SimulatedPsp {
  readonly controls = new Controls();
  readonly charges: ChargeRecord;
  readonly calls: CallLog;
  readonly name: SimulatedPspName;
  private readonly fences: FenceRecord;
  private readonly database: DatabaseSync;
  private readonly clock: Clock;

  constructor(database: DatabaseSync, clock: Clock, name: SimulatedPspName) {
    this.name = name;
    this.fences = new FenceRecord(database);
    this.database = database;
    this.charges = new ChargeRecord(database);
    this.calls = new CallLog(database);
    this.clock = clock;
  }

  /** `POST /v1/charges` */
  charge(call: PspCall, body: string): Reply {
    const parsed = parseBody(chargeRequest, body);
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
      if (!this.controls.current.look_up) return apiError(404, 'no_look_up', 'This PSP has no look-up.');
      const createdUntil = this.clock.now() - this.controls.current.visible_after_ms;
      const found = this.charges.oldestFirst({ reference, idempotencyKey, createdUntil }, LOOK_UP_LIMIT);
      return answer(200, { charges: found.map(shown) });
    });
  }

  /** `POST /v1/cancellations`: from now on nothing is charged under this key; refused for a charge that is made. */
  cancel(call: PspCall, body: string): Reply {
    const parsed = parseBody(cancelRequest, body);
    const named = 'reference' in parsed ? parsed : { reference: null, idempotency_key: undefined };
    return this.onRecord('cancel', named.reference, named.idempotency_key, () => {
      const refusal = this.refusalOf(call);
      if (refusal !== undefined) return refusal;
      if (!('reference' in parsed)) return parsed;
      if (!this.controls.current.cancel) return apiError(404, 'no_cancellation', 'This PSP cannot cancel.');
      const { idempotency_key: idempotencyKey } = parsed;
      const [charge] = this.charges.oldestFirst({ idempotencyKey, status: 'succeeded' }, 1);
      if (charge !== undefined) {
        const error = { code: 'charge_completed', message: 'The charge is made and can only be refunded.' };
        return answer(409, { error, charge: shown(charge) });
      }
      this.fences.cancel(idempotencyKey, this.clock.now());
      return answer(200, { idempotency_key: idempotencyKey, status: 'cancelled' });
    });
  }

  private process(request: ChargeRequest, idempotencyKey: string): Reply {
    if (this.fences.isCancelled(idempotencyKey)) {
      return apiError(402, 'cancelled', 'This key was cancelled: nothing is charged under it.');
    }
    if (this.fences.hasStoredError(idempotencyKey)) return serverError();
    const stored = this.storedUnder(idempotencyKey);
    if (stored !== undefined && stored.request !== canonical(request)) {
      return apiError(409, 'idempotency_key_reused', 'This Idempotency-Key was used for another charge.');
    }
    const rolled = stored === undefined ? this.rolledFault() : undefined;
    const fault = rolled ?? behaviourOf(request.payment_method)?.fault;
    const struck = fault !== undefined && this.charges.countFaultySend(request.reference) <= fault.calls;
    if (struck && !fault.processes) return this.keepingErrors(fault.reply(), idempotencyKey);
    const answer = chargeAnswer(stored ?? this.take(request, idempotencyKey));
    return struck ? this.keepingErrors(fault.reply(answer), idempotencyKey) : answer;
  }

  /** A fault by chance, where the switches ask for some. */
  private rolledFault(): Fault | undefined {
    const { hang_rate, server_error_rate } = this.controls.current;
    if (hang_rate === 0 && server_error_rate === 0) return undefined;
    const roll = Math.random();
    const reply = roll < hang_rate ? silence : roll < hang_rate + server_error_rate ? serverError : undefined;
    if (reply === undefined) return undefined;
    return Math.random() < 0.5 ? { calls: 1, processes: true, reply } : { calls: 1, processes: false, reply };
  }

  private keepingErrors(reply: Reply, idempotencyKey: string): Reply {
    const isServerError = reply.kind === 'answer' && reply.status === 500;
    if (isServerError && this.controls.current.replay_server_errors) this.fences.storeError(idempotencyKey);
    return reply;
  }

  private storedUnder(idempotencyKey: string): Charge | undefined {
    if (!this.controls.current.deduplicate) return undefined;
    const createdAfter = this.clock.now() - this.controls.current.key_lifetime_ms;
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
      currency: behaviour?.currencyTaken?.(request.currency) ?? request.currency,
      status: behaviour?.declines === undefined ? 'succeeded' : 'declined',
      declineCode: behaviour?.declines ?? null,
      createdAt: this.clock.now(),
    });
  }

  private latencyMs(): number {
    const { latency_ms, latency } = this.controls.current;
    return latency_ms + (latency === null ? 0 : logNormal(latency.median_ms, latency.sigma));
  }

  private refusalOf(call: PspCall): Reply | undefined {
    const { authorization } = call;
    const isOurs = authorization === `Bearer ${API_KEYS[this.name]}`;
    const known = isOurs && !this.controls.rejectsKey(this.clock.now());
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
      return reply.kind === 'answer' ? { ...reply, delayMs: reply.delayMs + this.latencyMs() } : reply;
    });
  }
}

function parseBody<Body>(schema: z.ZodType<Body>, body: string): Body | Extract<Reply, { kind: 'answer' }> {
  let content: unknown;
  try {
    content = JSON.parse(body);
  } catch {
    return apiError(400, 'invalid_json', 'The body is not JSON.');
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const parameter = issue?.path[0] === undefined ? undefined : String(issue.path[0]);
  return apiError(422, 'invalid_parameter', issue?.message ?? 'The body is not readable.', parameter);
}

/** Milliseconds; two uniform numbers make a normal one (Box and Muller, 1958). */
function logNormal(median: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return Math.round(median * Math.exp(sigma * normal));
}

function isIdempotencyKey(key: string | undefined): key is string {
  return key !== undefined && key.length > 0 && key.length <= 255;
}

/** Two requests are the same request when these four are. */
function canonical(request: ChargeRequest): string {
  return JSON.stringify([request.reference, request.amount, request.currency, request.payment_method]);
}

/** To the API's callers; the control address tells the truth. */
function shown(charge: Charge) {
  const [, , , token] = z.tuple([text, z.int(), text, text]).parse(JSON.parse(charge.request));
  const said = behaviourOf(token)?.referenceSaid;
  return { ...chargeJson(charge), ...(said === undefined ? {} : { reference: said(charge.reference) }) };
}

function chargeAnswer(charge: Charge): Reply {
  if (charge.status === 'succeeded') return answer(201, shown(charge));
  const error = { code: charge.declineCode, message: 'The card was declined.' };
  return answer(402, { error, charge: shown(charge) });
}
