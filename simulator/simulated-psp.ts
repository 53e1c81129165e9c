import { type Random, rolledFault, rolledLatencyMs } from './chance.ts';
import { type PageUrl, shownCharge } from './charge-json.ts';
import { Charges, type Moment, type OnChanges } from './charges.ts';
import { decideCharge } from './decide.ts';
import { decideConfirmation, decideInvalidation, NO_SUCH_CHARGE } from './decide-change.ts';
import { entryJson, NO_SUCH_CURSOR, parseEntriesQuery } from './entries.ts';
import { PaymentPage } from './payment-page.ts';
import {
  chargeRequest,
  invalidationRequest,
  isIdempotencyKey,
  MAX_TEXT_LENGTH,
  parseBody,
} from './psp-requests.ts';
import { rateLimitOf } from './rate-limit.ts';
import type { Call, Charge, PspRecord } from './record.ts';
import { answer, apiError, type Reply } from './reply.ts';

/** The maximum number of charges that a look-up returns. */
const LOOK_UP_LIMIT = 100;

const KEY_REFUSED = apiError(401, 'invalid_api_key', 'This API key is not known, or no longer.');
const KEY_MISSING = apiError(
  400,
  'idempotency_key_missing',
  `Send an Idempotency-Key of 1 to ${MAX_TEXT_LENGTH} characters.`,
);
const NO_LOOK_UP = apiError(404, 'no_look_up', 'This PSP has no look-up.');
const NO_INVALIDATION = apiError(404, 'no_invalidation', 'This PSP cannot invalidate a key.');

/** The parts of an HTTP request that the PSP uses. */
export interface PspCall {
  readonly authorization: string | undefined;
  readonly idempotencyKey: string | undefined;
}

export interface SimulatedPspOptions {
  readonly record: PspRecord;
  /** Its only key, as it is now. */
  readonly apiKey: () => string;
  readonly random: Random;
  readonly pageUrl: PageUrl;
  readonly onChanges?: OnChanges;
}

/** The call to record; its names are undefined if they are unknown. */
type LoggedCall = { readonly kind: Call['kind'] } & Partial<Pick<Charge, 'reference' | 'idempotencyKey'>>;

/**
 * A payment service provider as seen by its API's callers, including faults. A call takes effect and is recorded before its
 * reply is returned; a late or lost reply undoes nothing.
 */
export class SimulatedPsp {
  /** Where buyers approve or decline. */
  readonly page: PaymentPage;
  readonly charges: Charges;
  private readonly options: SimulatedPspOptions;

  constructor(options: SimulatedPspOptions) {
    this.options = options;
    this.charges = new Charges(options.record, options.onChanges ?? (async () => {}));
    this.page = new PaymentPage({ charges: this.charges, secret: options.apiKey, pageUrl: options.pageUrl });
  }

  /** `POST /v1/charges` */
  async charge(call: PspCall, body: string, moment: Moment): Promise<Reply> {
    const parsed = parseBody(chargeRequest, body);
    const { idempotencyKey } = call;
    const refuse = (reply: Reply) =>
      this.logged({ kind: 'send', ...named(parsed.read?.reference, idempotencyKey) }, reply, moment);
    const refusal = await this.refusalOf(call, moment);
    if (refusal !== undefined) return refuse(refusal);
    if (parsed.read === undefined) return refuse(parsed.refusal);
    if (!isIdempotencyKey(idempotencyKey)) return refuse(KEY_MISSING);

    const { now, switches } = moment;
    const { settings } = switches;
    const rolled = rolledFault(settings, this.options.random);
    const { pageUrl } = this.options;
    const send = { request: parsed.read, idempotencyKey, settings, rolled, now, pageUrl };
    const keyCall = { kind: 'send', reference: parsed.read.reference, idempotencyKey, at: now } as const;
    return this.late(
      await this.charges.carryOut(keyCall, (known) => decideCharge(send, known), moment),
      moment,
    );
  }

  /** `GET /v1/charges?reference=&idempotency_key=`: the matching charges, oldest first. */
  async lookUp(call: PspCall, query: URLSearchParams, moment: Moment): Promise<Reply> {
    const reference = query.get('reference') ?? undefined;
    const idempotencyKey = query.get('idempotency_key') ?? undefined;
    const refusal =
      (await this.refusalOf(call, moment)) ?? refusalOfLookUp({ reference, idempotencyKey }, moment);
    const loggedCall = { kind: 'look_up', ...named(reference, idempotencyKey) } as const;
    if (refusal !== undefined) {
      return this.logged(isTooLong(reference) ? { kind: 'look_up' } : loggedCall, refusal, moment);
    }
    const createdUntil = moment.now - moment.switches.settings.visible_after_ms;
    const found = await this.charges.find({ reference, idempotencyKey, createdUntil }, LOOK_UP_LIMIT, moment);
    const reply = answer(200, { charges: found.map((charge) => this.shown(charge)) });
    return this.logged(loggedCall, reply, moment);
  }

  /** `GET /v1/charges/{id}`: the charge as it is now, without a lag. */
  async show(call: PspCall, id: string, moment: Moment): Promise<Reply> {
    const refusal = await this.refusalOf(call, moment);
    if (refusal !== undefined) return this.logged({ kind: 'look_up' }, refusal, moment);
    if (!moment.switches.settings.look_up) return this.logged({ kind: 'look_up' }, NO_LOOK_UP, moment);
    const charge = await this.charges.get(id, moment);
    const reply = charge === undefined ? NO_SUCH_CHARGE : answer(200, this.shown(charge));
    return this.logged({ kind: 'look_up', ...(charge === undefined ? {} : namesOf(charge)) }, reply, moment);
  }

  /**
   * `GET /v1/entries?created_from=&created_to=&cursor=&limit=`: the money that was taken, oldest first. It is about no one
   * charge, and not recorded as a call.
   */
  async listEntries(call: PspCall, query: URLSearchParams, moment: Moment): Promise<Reply> {
    const refusal = await this.refusalOf(call, moment);
    if (refusal !== undefined) return this.late(refusal, moment);
    const asked = parseEntriesQuery(query, moment.now);
    if ('kind' in asked) return this.late(asked, moment);
    // What is due ends first: it belongs into a period that may be over.
    await this.charges.advanceDue(moment);
    const { settlement_delay_seconds: delaySeconds, visible_after_ms: lagMs } = moment.switches.settings;
    const period = { from: asked.from, to: Math.min(asked.to, moment.now - lagMs + 1) };
    const page = await this.options.record.listEntries(period, asked.limit, asked.cursor);
    if (page === undefined) return this.late(NO_SUCH_CURSOR, moment);
    const entries = page.entries.map((entry) => entryJson(entry, delaySeconds));
    return this.late(answer(200, { entries, next_cursor: page.next ?? null }), moment);
  }

  /** `POST /v1/charges/{id}/confirm`: charges after the buyer's approval. */
  async confirm(call: PspCall, id: string, moment: Moment): Promise<Reply> {
    const refusal = await this.refusalOf(call, moment);
    if (refusal !== undefined) return this.logged({ kind: 'confirm' }, refusal, moment);
    const charge = await this.options.record.get(id);
    if (charge === undefined) return this.logged({ kind: 'confirm' }, NO_SUCH_CHARGE, moment);
    const rolled = rolledFault(moment.switches.settings, this.options.random);
    const confirmation = { chargeId: id, rolled, pageUrl: this.options.pageUrl };
    const keyCall = { kind: 'confirm', ...namesOf(charge), at: moment.now } as const;
    const reply = await this.charges.carryOut(
      keyCall,
      (known) => decideConfirmation(confirmation, known),
      moment,
    );
    return this.late(reply, moment);
  }

  /** `POST /v1/invalidations`: from now on nothing is charged under this key; refused for a completed charge. */
  async invalidate(call: PspCall, body: string, moment: Moment): Promise<Reply> {
    const { read, refusal: unreadable } = parseBody(invalidationRequest, body);
    const loggedCall = { kind: 'invalidate', ...named(read?.reference, read?.idempotency_key) } as const;
    const refusal = await this.refusalOf(call, moment);
    if (refusal !== undefined) return this.logged(loggedCall, refusal, moment);
    if (read === undefined) return this.logged(loggedCall, unreadable, moment);
    if (!moment.switches.settings.invalidate) return this.logged(loggedCall, NO_INVALIDATION, moment);
    return this.invalidateKey(
      { reference: read.reference, idempotencyKey: read.idempotency_key },
      {},
      moment,
    );
  }

  /** `POST /v1/charges/{id}/invalidate`: the same for the key of this charge. */
  async invalidateCharge(call: PspCall, id: string, moment: Moment): Promise<Reply> {
    const refusal = await this.refusalOf(call, moment);
    if (refusal !== undefined) return this.logged({ kind: 'invalidate' }, refusal, moment);
    if (!moment.switches.settings.invalidate) {
      return this.logged({ kind: 'invalidate' }, NO_INVALIDATION, moment);
    }
    const charge = await this.options.record.get(id);
    if (charge === undefined) return this.logged({ kind: 'invalidate' }, NO_SUCH_CHARGE, moment);
    return this.invalidateKey(namesOf(charge), { id }, moment);
  }

  private async invalidateKey(
    { reference, idempotencyKey }: Pick<Charge, 'reference' | 'idempotencyKey'>,
    also: { readonly id?: string },
    moment: Moment,
  ): Promise<Reply> {
    const keyCall = { kind: 'invalidate', reference, idempotencyKey, at: moment.now } as const;
    const answered = { ...also, idempotency_key: idempotencyKey };
    const reply = await this.charges.carryOut(
      keyCall,
      (known) => decideInvalidation(answered, known, this.options.pageUrl),
      moment,
    );
    return this.late(reply, moment);
  }

  private shown(charge: Charge) {
    return shownCharge(charge, this.options.pageUrl);
  }

  /** Of any call, before it is read: the key isn't known, or too many calls came. */
  private async refusalOf({ authorization }: PspCall, { now, switches }: Moment): Promise<Reply | undefined> {
    const { apiKey, record, random } = this.options;
    if (authorization !== `Bearer ${apiKey()}` || now < switches.keyRejectedUntil) return KEY_REFUSED;
    return rateLimitOf(switches.settings, now, random, (window) => record.countCall(window));
  }

  private async logged(call: LoggedCall, reply: Reply, moment: Moment): Promise<Reply> {
    await this.options.record.log({
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
    return { ...reply, delayMs: reply.delayMs + rolledLatencyMs(switches.settings, this.options.random) };
  }
}

/** For the record: null if there is no answer. */
export function statusOf(reply: Reply): number | null {
  return reply.kind === 'answer' ? reply.status : null;
}

function named(reference: string | undefined, idempotencyKey: string | undefined) {
  return {
    ...(reference === undefined ? {} : { reference }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}

function namesOf({ reference, idempotencyKey }: Charge) {
  return { reference, idempotencyKey };
}

function refusalOfLookUp(
  named: { readonly reference: string | undefined; readonly idempotencyKey: string | undefined },
  { switches }: Moment,
): Reply | undefined {
  const { reference, idempotencyKey } = named;
  if (reference === undefined && idempotencyKey === undefined) {
    return apiError(400, 'parameter_missing', 'Name a reference or an idempotency_key.', 'reference');
  }
  if (isTooLong(reference)) return tooLong('reference');
  if (isTooLong(idempotencyKey)) return tooLong('idempotency_key');
  return switches.settings.look_up ? undefined : NO_LOOK_UP;
}

function isTooLong(text: string | undefined): boolean {
  return text !== undefined && text.length > MAX_TEXT_LENGTH;
}

function tooLong(parameter: string): Reply {
  return apiError(422, 'invalid_parameter', `At most ${MAX_TEXT_LENGTH} characters.`, parameter);
}
