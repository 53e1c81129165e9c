import type { Psp, PspRequest } from '../../../adapters/psp/psp.ts';
import type { OperationAbilities } from '../../../domain/payment/psp-abilities.ts';
import type {
  PspCharge,
  PspFinding,
  PspInvalidation,
  PspOutcome,
  PspState,
} from '../../../domain/payment/psp-outcome.ts';
import { TIMING } from '../../../domain/payment/timing.ts';
import type { Context } from '../context.ts';
import type { Faults } from '../faults.ts';
import type { Process, Scheduler } from '../scheduler.ts';
import { allOf } from './abilities.ts';
import { Credentials } from './credentials.ts';
import { type ObjectRules, OpenObjects, type PspObject } from './open-objects.ts';
import type { PspEvents } from './psp-events.ts';

/** With the version of our credential that it was sent with. */
type Sent = PspRequest & { readonly credential: number };

interface Landed {
  readonly charge: PspCharge;
  readonly key: string;
  readonly at: number;
  readonly visibleAt: number;
}

/** What a PSP declares and doesn't keep. */
export interface BrokenPromises {
  /** It declares to deduplicate, and doesn't: asking first must save us all the same. */
  readonly breaksDeduplication: boolean;
  /** Its requests land, and its charges show, far later than declared: its deduplication must save us all the same. */
  readonly breaksTimes: boolean;
}

/** How a PSP deals with buyers, beside its abilities. */
export interface BuyerRules extends Pick<ObjectRules, 'needsConfirmation'> {
  /** Some orders wait for their buyer or the PSP; else all end at once. */
  readonly letsOrdersWait: boolean;
}

/** What its adapter declares of its rate. */
export interface DeclaredRate {
  readonly callsPerSecond: number | undefined;
}

interface RateLimit {
  readonly until: number;
  readonly share: number;
  readonly retryAfterSeconds: number | undefined;
}

const LATEST_ROLL_FORWARD_MS = 6 * 3600 * 1_000;

/** Where a PSP keeps no time: how much later than declared at the most. */
const LATE_SECONDS = 1_200;

/** Within the deadline of a look-up. */
const LATEST_ANSWER_MS = 2_900;

/**
 * A PSP that does exactly what its abilities declare, and no better: requests land as late as Z allows, look-ups lag
 * as long as W allows, keys are forgotten after K.
 */
export class SimulatedPsp {
  readonly name: string;
  /** Of a charge. An authorization, which waits for its buyer, has the same. */
  readonly abilities: OperationAbilities;
  readonly events: PspEvents;
  readonly landed: Landed[] = [];
  /** By reference: what it has charged twice by a mistake of its own, and whether a look-up has shown that. */
  readonly doubled = new Map<string, { isShown: boolean }>();
  private readonly broken: BrokenPromises;
  private readonly callsPerSecond: number | undefined;
  private readonly letsOrdersWait: boolean;
  private readonly objects: OpenObjects;
  /** The first answer about an object is stored under its key, and replayed whatever has become of the object. */
  private readonly replies = new Map<string, PspState>();
  private readonly keys = new Map<string, { readonly landed: Landed; readonly at: number }>();
  private readonly invalidated = new Set<string>();
  private readonly storedErrors = new Set<string>();
  /** Requests that are still to be completed. */
  private readonly outstanding = new Set<() => void>();
  private readonly credentials: Credentials;
  private readonly scheduler: Scheduler;
  private readonly faults: Faults;
  private readonly state: Context['state'];
  private readonly violations: Context['violations'];
  /** When it was called, for whatever it was. */
  readonly callTimes: number[] = [];
  private limit: RateLimit = { until: 0, share: 0, retryAfterSeconds: undefined };
  private downUntil = 0;
  private refusedUntil = 0;

  constructor(
    name: string,
    abilities: OperationAbilities,
    options: BrokenPromises & BuyerRules & DeclaredRate,
    { scheduler, faults, state, violations }: Context,
    events: PspEvents,
    sendBack: (orderId: string) => void,
  ) {
    const { expiresByItself } = abilities;
    this.objects = new OpenObjects(
      scheduler,
      { expiresByItself, needsConfirmation: options.needsConfirmation },
      (request) => this.take(request),
      { tell: (change) => events.tell(change), sendBack: ({ request }) => sendBack(request.reference) },
    );
    this.events = events;
    this.broken = options;
    this.callsPerSecond = options.callsPerSecond;
    this.letsOrdersWait = options.letsOrdersWait;
    this.credentials = new Credentials(scheduler);
    this.name = name;
    this.abilities = abilities;
    this.scheduler = scheduler;
    this.faults = faults;
    this.state = state;
    this.violations = violations;
  }

  chargesOf(reference: string): readonly PspCharge[] {
    return this.landed.map(({ charge }) => charge).filter((charge) => charge.reference === reference);
  }

  /** The object of this key that waits or has waited. */
  objectOf(key: string): PspObject | undefined {
    return this.objects.byKey(key);
  }

  /** Lets buyers and the PSP do all that they still have in mind. */
  finish(): void {
    for (const complete of [...this.outstanding]) complete();
    this.objects.finish();
  }

  rotateCredential(): void {
    this.credentials.rotate();
  }

  refuseFor(milliseconds: number): void {
    this.refusedUntil = this.scheduler.clock.now() + milliseconds;
  }

  /** Answers a share of its calls with 429. */
  limitFor(milliseconds: number, share: number, retryAfterSeconds?: number): void {
    this.limit = { until: this.scheduler.clock.now() + milliseconds, share, retryAfterSeconds };
  }

  /** This PSP as one process sees it. */
  for(process: Process): Psp {
    const { scheduler, faults } = this;
    const around = <T>(name: string, call: () => T | Promise<T>) =>
      faults.around(scheduler, process, `${process.kind}.psp.${name}`, () => this.late(call()));
    const held = this.credentials.hold();
    const isRefused = () => this.credentials.refuses(held);
    return {
      account: this.name,
      credentialVersion: `v${held}`,
      abilities: allOf(this.abilities, this.callsPerSecond),
      execute: (request, signal) =>
        around('charge', () =>
          isRefused() ? ROTATED : this.charge({ ...request, credential: held }, signal),
        ).catch(lost),
      find: (request) =>
        around('lookUp', () => (isRefused() ? NO_ANSWER : this.lookUp(request))).catch(noAnswer),
      invalidate: (request) =>
        around('invalidate', () => (isRefused() ? NO_ANSWER : this.invalidate(request))).catch(noAnswer),
      parseEvent: (raw) => this.events.parse(raw),
      movements: async () => ({ kind: 'not_supported' }),
    };
  }

  /** An answer that is some time on its way: what it says may have changed meanwhile. */
  private async late<T>(answering: T | Promise<T>): Promise<T> {
    const answer = await answering;
    if (this.faults.strikes('PSP answers late', 2))
      await new Promise<void>((resolve) => {
        this.scheduler.clock.after(this.scheduler.random.below(LATEST_ANSWER_MS), resolve);
      });
    return answer;
  }

  private charge(request: Sent, signal: AbortSignal): PspOutcome | Promise<PspOutcome> {
    const refusal = this.refusal();
    if (refusal !== undefined) return refusal;
    this.checkInTime(request);
    if (this.faults.strikes('PSP unreachable')) return { kind: 'not_sent', reason: 'connection refused' };
    if (this.faults.strikes('PSP time-out, not charged')) return this.silence(signal, () => {});
    if (this.faults.strikes('PSP lands late')) return this.silence(signal, () => this.landLate(request));
    if (this.storedErrors.has(request.idempotencyKey))
      return { kind: 'unknown', reason: 'HTTP 500 (stored)' };
    if (this.faults.strikes('PSP 500, not charged')) return this.serverError(request);
    if (this.abilities.replaysStoredServerErrors && this.faults.strikes('PSP 500, charged later')) {
      this.rollForward(request);
      return this.serverError(request);
    }
    if (this.faults.strikes('PSP 409')) return { kind: 'unknown', reason: 'HTTP 409' };
    const outcome = this.land(request);
    if (outcome.kind === 'succeeded' && this.faults.strikes('PSP charges twice', 0.3)) {
      this.double(request.reference);
      return this.silence(signal, () => {});
    }
    if (this.faults.strikes('PSP time-out, charged')) return this.silence(signal, () => {});
    if (this.faults.strikes('PSP 500, charged')) return this.serverError(request);
    if (this.faults.strikes('PSP malformed')) return { kind: 'unknown', reason: 'malformed' };
    return outcome;
  }

  /** A send claimed in time may arrive as much later as a function runs. */
  private checkInTime({ idempotencyKey }: Sent): void {
    const { sendBy } = this.state.instructions.get(idempotencyKey) ?? { sendBy: null };
    const late = sendBy === null ? 0 : this.scheduler.clock.now() - sendBy;
    if (late > TIMING.functionTimeoutSeconds * 1000)
      this.violations.add(`${idempotencyKey} was sent too late`);
  }

  /** One in eight cards is declined, always. */
  private land(request: Sent): PspOutcome {
    if (this.invalidated.has(request.idempotencyKey)) return decline('invalidated');
    if (/[02]$/.test(request.reference)) return decline('declined');
    const object = request.pspReference === undefined ? undefined : this.objects.byId(request.pspReference);
    if (object !== undefined) return this.objects.confirm(object);
    const awaits = this.awaitsOf(request);
    if (awaits !== undefined) return this.open(request, awaits);
    if (request.operation === 'authorize') return authorized(request);
    const known = this.keys.get(this.keyOf(request));
    const now = this.scheduler.clock.now();
    const { keyLifetimeSeconds: lifetime } = this.abilities;
    if (
      !this.broken.breaksDeduplication &&
      lifetime !== null &&
      known !== undefined &&
      now - known.at < lifetime * 1000
    ) {
      return { kind: 'succeeded', charge: known.landed.charge };
    }
    const charge = this.take(request);
    this.events.tell({
      ...charge,
      id: charge.pspReference,
      status: 'succeeded',
      key: request.idempotencyKey,
    });
    const landed = this.landed.at(-1);
    if (landed !== undefined) this.keys.set(this.keyOf(request), { landed, at: now });
    return { kind: 'succeeded', charge };
  }

  /** What it remembers a request by. */
  private keyOf({ idempotencyKey, credential }: Sent): string {
    return this.abilities.keyScopeIncludesCredential ? `${idempotencyKey} ${credential}` : idempotencyKey;
  }

  /** Takes the money. */
  private take(request: PspRequest): PspCharge {
    const now = this.scheduler.clock.now();
    const { reference, currency } = request;
    const amountMinor = request.amountMinor + (this.faults.strikes('PSP another amount', 0.2) ? 1n : 0n);
    const charge = { pspReference: `ch_${this.landed.length}`, reference, amountMinor, currency };
    const landed = { charge, key: request.idempotencyKey, at: now, visibleAt: now + this.lagMilliseconds() };
    this.landed.push(landed);
    this.scheduler.tell(`${this.name} charges ${request.idempotencyKey}`);
    return charge;
  }

  /** An authorization and one charge in eight wait for their buyers, and one in sixteen for the PSP. */
  private awaitsOf({ operation, reference }: PspRequest): 'buyer' | 'psp' | undefined {
    // Where nothing can be looked up, nothing waits.
    if (!this.letsOrdersWait || this.abilities.lookUpLagSeconds === null) return undefined;
    if (operation === 'authorize' || /[48]$/.test(reference)) return 'buyer';
    return /6$/.test(reference) ? 'psp' : undefined;
  }

  private open(request: Sent, awaits: 'buyer' | 'psp'): PspOutcome {
    const reply = this.broken.breaksDeduplication ? undefined : this.replies.get(this.keyOf(request));
    if (reply !== undefined) return reply;
    const outcome = this.objects.stateOf(this.objects.open(request, awaits, this.lagMilliseconds()));
    this.replies.set(this.keyOf(request), outcome);
    return outcome;
  }

  /** How long look-ups don't show what has just landed. */
  private lagMilliseconds(): number {
    const lagSeconds = this.scheduler.random.next() * (this.abilities.lookUpLagSeconds ?? 0);
    return (lagSeconds + this.lateSeconds()) * 1000;
  }

  /** One request, two charges: no protocol prevents it, but what is seen must not be booked as one. */
  private double(reference: string): void {
    const landed = this.landed.find(({ charge }) => charge.reference === reference);
    if (landed === undefined || this.doubled.has(reference)) return;
    this.doubled.set(reference, { isShown: false });
    const charge = { ...landed.charge, pspReference: `${landed.charge.pspReference}_again` };
    this.landed.push({ ...landed, charge });
    this.scheduler.tell(`${this.name} charges ${reference} twice`);
  }

  /** The caller has given up, or died in its call; its request lands within Z. */
  private landLate(request: Sent): void {
    // The rule of the key's lifetime counts on Z; only a key that lives long forgives a request that lands later.
    const livesLong = (this.abilities.keyLifetimeSeconds ?? 0) > 3 * LATE_SECONDS;
    const late = livesLong ? this.lateSeconds() : 0;
    const delay = this.scheduler.random.next() * this.abilities.maxInFlightSeconds + late;
    this.scheduler.clock.after(delay * 1000, () => this.land(request));
  }

  /** What failed on its way and is stored as an error is completed by the PSP itself, when it gets to it. */
  private rollForward(request: Sent): void {
    const complete = () => {
      if (this.outstanding.delete(complete)) this.land(request);
    };
    this.outstanding.add(complete);
    this.scheduler.clock.after(this.scheduler.random.below(LATEST_ROLL_FORWARD_MS), complete);
  }

  private lateSeconds(): number {
    return this.broken.breaksTimes ? this.scheduler.random.next() * LATE_SECONDS : 0;
  }

  private silence(signal: AbortSignal, onGivenUp: () => void): Promise<PspOutcome> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        onGivenUp();
        resolve({ kind: 'unknown', reason: 'no answer' });
      });
    });
  }

  private serverError(request: PspRequest): PspOutcome {
    if (this.abilities.replaysStoredServerErrors) this.storedErrors.add(request.idempotencyKey);
    return { kind: 'unknown', reason: 'HTTP 500' };
  }

  private lookUp(request: PspRequest): PspFinding {
    const refusal = this.refusal();
    if (refusal !== undefined) return { kind: 'no_answer', outcome: refusal };
    if (this.abilities.lookUpLagSeconds === null) {
      return { kind: 'no_answer', outcome: { kind: 'unknown', reason: 'no look-up' } };
    }
    const now = this.scheduler.clock.now();
    const known = request.pspReference === undefined ? undefined : this.objects.byId(request.pspReference);
    if (known !== undefined) return { kind: 'found', outcome: this.objects.stateOf(known) };
    const object = this.objects.byKey(request.idempotencyKey);
    if (object !== undefined && object.visibleAt <= now)
      return { kind: 'found', outcome: this.objects.stateOf(object) };
    const [charge, ...further] = this.landed
      .filter((landed) => landed.key === request.idempotencyKey && landed.visibleAt <= now)
      .map((landed) => landed.charge);
    if (charge === undefined) return { kind: 'not_found' };
    if (further.length === 0) return { kind: 'found', outcome: { kind: 'succeeded', charge } };
    if (this.doubled.has(request.reference)) this.doubled.set(request.reference, { isShown: true });
    return { kind: 'found', outcome: { kind: 'succeeded', charge, furtherCharges: further } };
  }

  private invalidate(request: PspRequest): PspInvalidation {
    const refusal = this.refusal();
    if (refusal !== undefined) return { kind: 'no_answer', outcome: refusal };
    const object = this.objects.byKey(request.idempotencyKey);
    if (object !== undefined && !this.objects.invalidate(object)) {
      const outcome = this.objects.stateOf(object);
      if (outcome.kind === 'pending') return { kind: 'found', outcome };
      if (outcome.kind === 'succeeded') return { kind: 'charged', charge: outcome.charge };
    }
    const landed = this.landed.find(({ key }) => key === request.idempotencyKey);
    if (landed !== undefined) return { kind: 'charged', charge: landed.charge };
    this.invalidated.add(request.idempotencyKey);
    return { kind: 'invalidated' };
  }

  private refusal():
    | Extract<PspOutcome, { kind: 'not_sent' | 'misconfigured' | 'rate_limited' }>
    | undefined {
    const now = this.scheduler.clock.now();
    this.callTimes.push(now);
    if (this.faults.strikes('PSP limits the rate'))
      return { kind: 'rate_limited', retryAfterSeconds: 5, maybeSent: false };
    if (now < this.limit.until && this.scheduler.random.chance(this.limit.share))
      return { kind: 'rate_limited', retryAfterSeconds: this.limit.retryAfterSeconds, maybeSent: false };
    const minutes = () => this.scheduler.random.next() * 20 * 60_000;
    if (this.faults.strikes('PSP is down', 0.5)) this.downUntil = now + minutes();
    if (this.faults.strikes('PSP refuses the key', 0.2)) this.refusedUntil = now + minutes();
    if (now < this.downUntil) return { kind: 'not_sent', reason: 'connection refused' };
    return now < this.refusedUntil ? { kind: 'misconfigured', reason: 'HTTP 401' } : undefined;
  }
}

/** Takes no money, and is the same however often it is asked for. */
function authorized({ idempotencyKey, reference, amountMinor, currency }: PspRequest): PspOutcome {
  const charge = { pspReference: `auth_${idempotencyKey}`, reference, amountMinor, currency };
  return { kind: 'succeeded', charge };
}

/** What the adapter makes of a refusal of a key that has been rotated meanwhile. */
const ROTATED = { kind: 'not_sent', reason: 'our key was rotated' } as const;
const NO_ANSWER = { kind: 'no_answer', outcome: ROTATED } as const;

function decline(pspCode: string): PspOutcome {
  return { kind: 'declined', decline: { category: 'other', code: 'declined', pspCode }, isFinal: true };
}

/** The adapter's word for an answer that never came. */
function lost(): PspOutcome {
  return { kind: 'unknown', reason: 'no answer' };
}

function noAnswer(): Extract<PspFinding, { kind: 'no_answer' }> {
  return { kind: 'no_answer', outcome: { kind: 'unknown', reason: 'no answer' } };
}
