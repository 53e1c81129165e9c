import type { DatabaseSync } from 'node:sqlite';
import type { SimulatedPspName } from '../../domain/payment/payment-method.ts';
import type { Clock } from '../clock.ts';
import { behaviourOf, type Fault, serverError } from './behaviours.ts';
import { type Call, CallLog } from './call-log.ts';
import { type Random, rolledFault, rolledLatencyMs } from './chance.ts';
import { type Charge, ChargeRecord } from './charge-record.ts';
import { Controls } from './controls.ts';
import { FenceRecord } from './fence-record.ts';
import { inTransaction } from './open-record.ts';
import {
  type ChargeRequest,
  cancelRequest,
  canonical,
  chargeRequest,
  isIdempotencyKey,
  parseBody,
  paymentMethodOf,
} from './psp-requests.ts';
import { answer, apiError, chargeJson, type Reply } from './reply.ts';

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
  private readonly random: Random;

  constructor(name: SimulatedPspName, database: DatabaseSync, clock: Clock, random: Random) {
    this.name = name;
    this.random = random;
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
    if (this.replaysErrorOf(idempotencyKey)) return serverError();
    const stored = this.storedUnder(idempotencyKey);
    if (stored !== undefined && stored.request !== canonical(request)) {
      return apiError(409, 'idempotency_key_reused', 'This Idempotency-Key was used for another charge.');
    }
    const fault = this.faultOf(request);
    if (fault?.processes === false) return this.keepingErrors(fault.reply(), idempotencyKey);
    const answer = chargeAnswer(stored ?? this.take(request, idempotencyKey));
    return fault === undefined ? answer : this.keepingErrors(fault.reply(answer), idempotencyKey);
  }

  /** What goes wrong with this send: by chance, or by its token, which fails on the first sends of a reference. */
  private faultOf(request: ChargeRequest): Fault | undefined {
    const rolled = rolledFault(this.controls.current, this.random);
    if (rolled !== undefined) return rolled;
    const fault = behaviourOf(request.payment_method)?.fault;
    if (fault === undefined) return undefined;
    return this.charges.countFaultySend(request.reference) <= fault.calls ? fault : undefined;
  }

  private keepingErrors(reply: Reply, idempotencyKey: string): Reply {
    const isServerError = reply.kind === 'answer' && reply.status === 500;
    const { replay_server_errors: replays } = this.controls.current;
    if (isServerError && replays) this.fences.storeError(idempotencyKey, this.clock.now());
    return reply;
  }

  private replaysErrorOf(idempotencyKey: string): boolean {
    const { replay_server_errors: replays, deduplicate } = this.controls.current;
    return replays && deduplicate && this.fences.hasStoredError(idempotencyKey, this.oldestKeptAt());
  }

  /** What was done under a key at this time or before is forgotten; milliseconds since the epoch. */
  private oldestKeptAt(): number {
    return this.clock.now() - this.controls.current.key_lifetime_ms;
  }

  private storedUnder(idempotencyKey: string): Charge | undefined {
    if (!this.controls.current.deduplicate) return undefined;
    return this.charges.oldestFirst({ idempotencyKey, createdAfter: this.oldestKeptAt() }, 1)[0];
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
      if (reply.kind !== 'answer') return reply;
      return { ...reply, delayMs: reply.delayMs + rolledLatencyMs(this.controls.current, this.random) };
    });
  }
}

/** To the API's callers; the control address tells the truth. */
function shown(charge: Charge) {
  const said = behaviourOf(paymentMethodOf(charge.request))?.referenceSaid;
  return { ...chargeJson(charge), ...(said === undefined ? {} : { reference: said(charge.reference) }) };
}

function chargeAnswer(charge: Charge): Reply {
  if (charge.status === 'succeeded') return answer(201, shown(charge));
  const error = { code: charge.declineCode, message: 'The card was declined.' };
  return answer(402, { error, charge: shown(charge) });
}
