import { type Random, rolledFault, rolledLatencyMs } from './chance.ts';
import { decideCharge, decideInvalidation, shownCharge } from './decide.ts';
import {
  cancelRequest,
  chargeRequest,
  isIdempotencyKey,
  MAX_TEXT_LENGTH,
  parseBody,
} from './psp-requests.ts';
import type { Call, PspRecord } from './record.ts';
import { answer, apiError, type Reply } from './reply.ts';
import type { Switches } from './switches.ts';

/** The maximum number of charges that a look-up returns. */
const LOOK_UP_LIMIT = 100;

const KEY_REFUSED = apiError(401, 'invalid_api_key', 'This API key is not known, or no longer.');
const KEY_MISSING = apiError(
  400,
  'idempotency_key_missing',
  `Send an Idempotency-Key of 1 to ${MAX_TEXT_LENGTH} characters.`,
);

/** The parts of an HTTP request that the PSP uses. */
export interface PspCall {
  readonly authorization: string | undefined;
  readonly idempotencyKey: string | undefined;
}

/** The time of a call's execution, and the switches at that time. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly switches: Switches;
}

export interface SimulatedPspOptions {
  readonly record: PspRecord;
  /** Its only key, as it is now. */
  readonly apiKey: () => string;
  readonly random: Random;
}

/**
 * A payment service provider as seen by its API's callers, including faults. A call takes effect and is recorded before its
 * reply is returned; a late or lost reply undoes nothing.
 */
export class SimulatedPsp {
  private readonly record: PspRecord;
  private readonly apiKey: () => string;
  private readonly random: Random;

  constructor({ record, apiKey, random }: SimulatedPspOptions) {
    this.record = record;
    this.apiKey = apiKey;
    this.random = random;
  }

  /** `POST /v1/charges` */
  async charge(call: PspCall, body: string, moment: Moment): Promise<Reply> {
    const parsed = parseBody(chargeRequest, body);
    const { idempotencyKey } = call;
    const refuse = (reply: Reply) =>
      this.logged({ kind: 'send', reference: parsed.read?.reference, idempotencyKey }, reply, moment);
    if (!this.knows(call, moment)) return refuse(KEY_REFUSED);
    if (parsed.read === undefined) return refuse(parsed.refusal);
    if (!isIdempotencyKey(idempotencyKey)) return refuse(KEY_MISSING);

    const { now, switches } = moment;
    const { settings } = switches;
    const rolled = rolledFault(settings, this.random);
    const send = { request: parsed.read, idempotencyKey, settings, rolled, now };
    const keyCall = { kind: 'send', reference: parsed.read.reference, idempotencyKey, at: now } as const;
    return this.late(await this.record.carryOut(keyCall, (known) => decideCharge(send, known)), moment);
  }

  /** `GET /v1/charges?reference=&idempotency_key=`: the matching charges, oldest first. */
  async lookUp(call: PspCall, query: URLSearchParams, moment: Moment): Promise<Reply> {
    const reference = query.get('reference') ?? undefined;
    const idempotencyKey = query.get('idempotency_key') ?? undefined;
    const refusal = this.refusalOfLookUp(call, { reference, idempotencyKey }, moment);
    if (refusal !== undefined) {
      const named = isTooLong(reference) ? undefined : reference;
      return this.logged({ kind: 'look_up', reference: named, idempotencyKey }, refusal, moment);
    }
    const createdUntil = moment.now - moment.switches.settings.visible_after_ms;
    const found = await this.record.find({ reference, idempotencyKey, createdUntil }, LOOK_UP_LIMIT);
    const reply = answer(200, { charges: found.map(shownCharge) });
    return this.logged({ kind: 'look_up', reference, idempotencyKey }, reply, moment);
  }

  /** `POST /v1/invalidations`: from now on nothing is charged under this key; refused for a completed charge. */
  async invalidate(call: PspCall, body: string, moment: Moment): Promise<Reply> {
    const { read, refusal } = parseBody(cancelRequest, body);
    const refuse = (reply: Reply) => {
      const named = { reference: read?.reference, idempotencyKey: read?.idempotency_key };
      return this.logged({ kind: 'invalidate', ...named }, reply, moment);
    };
    if (!this.knows(call, moment)) return refuse(KEY_REFUSED);
    if (read === undefined) return refuse(refusal);
    if (!moment.switches.settings.invalidate) {
      return refuse(apiError(404, 'no_invalidation', 'This PSP cannot invalidate a key.'));
    }
    const { reference, idempotency_key: idempotencyKey } = read;
    const keyCall = { kind: 'invalidate', reference, idempotencyKey, at: moment.now } as const;
    const reply = await this.record.carryOut(keyCall, (known) => decideInvalidation(idempotencyKey, known));
    return this.late(reply, moment);
  }

  private refusalOfLookUp(
    call: PspCall,
    named: { readonly reference: string | undefined; readonly idempotencyKey: string | undefined },
    moment: Moment,
  ): Reply | undefined {
    const { reference, idempotencyKey } = named;
    if (!this.knows(call, moment)) return KEY_REFUSED;
    if (reference === undefined && idempotencyKey === undefined) {
      return apiError(400, 'parameter_missing', 'Name a reference or an idempotency_key.', 'reference');
    }
    if (isTooLong(reference)) return tooLong('reference');
    if (isTooLong(idempotencyKey)) return tooLong('idempotency_key');
    if (!moment.switches.settings.look_up) return apiError(404, 'no_look_up', 'This PSP has no look-up.');
    return undefined;
  }

  private knows({ authorization }: PspCall, { now, switches }: Moment): boolean {
    return authorization === `Bearer ${this.apiKey()}` && now >= switches.keyRejectedUntil;
  }

  private async logged(
    call: {
      readonly kind: Call['kind'];
      readonly reference: string | undefined;
      readonly idempotencyKey: string | undefined;
    },
    reply: Reply,
    moment: Moment,
  ): Promise<Reply> {
    await this.record.log({
      kind: call.kind,
      reference: call.reference ?? null,
      idempotencyKey: call.idempotencyKey ?? null,
      status: statusOf(reply),
      at: moment.now,
    });
    return this.late(reply, moment);
  }

  private late(reply: Reply, { switches }: Moment): Reply {
    if (reply.kind !== 'answer') return reply;
    return { ...reply, delayMs: reply.delayMs + rolledLatencyMs(switches.settings, this.random) };
  }
}

/** For the record: null if there is no answer. */
export function statusOf(reply: Reply): number | null {
  return reply.kind === 'answer' ? reply.status : null;
}

function isTooLong(text: string | undefined): boolean {
  return text !== undefined && text.length > MAX_TEXT_LENGTH;
}

function tooLong(parameter: string): Reply {
  return apiError(422, 'invalid_parameter', `At most ${MAX_TEXT_LENGTH} characters.`, parameter);
}
