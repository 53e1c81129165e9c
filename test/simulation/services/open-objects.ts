import type { PspRequest } from '../../../adapters/psp/psp.ts';
import type { PspCharge, PspState } from '../../../domain/payment/psp-outcome.ts';
import type { Scheduler } from '../scheduler.ts';
import type { PspChange } from './psp-events.ts';

/** A charge or an authorization at the PSP that doesn't end at once. */
export interface PspObject {
  readonly id: string;
  readonly key: string;
  readonly request: PspRequest;
  readonly awaits: 'buyer' | 'psp';
  /** Look-ups by key don't show it earlier. */
  readonly visibleAt: number;
  /** What it took, once it has succeeded. */
  charge: PspCharge;
  /** In milliseconds since the epoch, the newest change. */
  changedAt: number;
  /** `approved`: our confirmation charges it. `failed`: the buyer's action failed, and can be repeated. */
  state: 'open' | 'approved' | 'failed' | 'succeeded' | 'declined' | 'expired' | 'invalidated';
}

export interface ObjectRules {
  /** What nobody has completed ends after an hour. */
  readonly expiresByItself: boolean;
  /** The buyer's approval charges nothing: our confirmation does. */
  readonly needsConfirmation: boolean;
}

type Act = 'approve' | 'fail' | 'decide';

const MINUTE = 60_000;
const EXPIRES_AFTER_MS = 60 * MINUTE;

/** What others hear of what happens at the PSP. */
export interface Listeners {
  /** The PSP sends an event. */
  tell(change: PspChange): void;
  /** The buyer leaves the PSP's page. */
  sendBack(object: PspObject): void;
}

/** `requires_action` where the buyer can try again, as at the simulator. */
const STATUSES = {
  approved: 'authenticated',
  failed: 'requires_action',
  succeeded: 'succeeded',
  declined: 'declined',
  expired: 'expired',
  invalidated: 'invalidated',
} as const;

/**
 * What waits at a PSP for its buyer or for the PSP itself. Buyers approve, approve twice, fail and try again, come back after
 * hours or never; whatever they do, they do to the object as it is then.
 */
export class OpenObjects {
  private readonly objects: PspObject[] = [];
  /** What is still to be done by buyers and the PSP, so that the end of a schedule can't hide it. */
  private readonly outstanding = new Set<() => void>();
  private readonly scheduler: Scheduler;
  private readonly rules: ObjectRules;
  private readonly charge: (request: PspRequest) => PspCharge;
  private readonly listeners: Listeners;

  /** @param charge takes the money */
  constructor(
    scheduler: Scheduler,
    rules: ObjectRules,
    charge: (request: PspRequest) => PspCharge,
    listeners: Listeners,
  ) {
    this.scheduler = scheduler;
    this.rules = rules;
    this.charge = charge;
    this.listeners = listeners;
  }

  open(request: PspRequest, awaits: PspObject['awaits'], lagMilliseconds: number): PspObject {
    const now = this.scheduler.clock.now();
    const id = `obj_${this.objects.length}_${request.idempotencyKey}`;
    const visibleAt = now + lagMilliseconds;
    const { idempotencyKey: key, reference, amountMinor, currency } = request;
    const charge = { pspReference: id, reference, amountMinor, currency };
    const object: PspObject = { id, key, request, awaits, visibleAt, charge, state: 'open', changedAt: now };
    this.objects.push(object);
    this.plan(object);
    if (this.rules.expiresByItself)
      this.scheduler.clock.after(EXPIRES_AFTER_MS, () => this.end(object, 'expired'));
    this.change(object, 'open');
    return object;
  }

  byId(id: string): PspObject | undefined {
    return this.objects.find((object) => object.id === id);
  }

  byKey(key: string): PspObject | undefined {
    return this.objects.find((object) => object.key === key);
  }

  /** What a look-up or an answer says of it. */
  stateOf(object: PspObject): PspState {
    const { id: pspReference, awaits } = object;
    const declined = (pspCode: string, isFinal: boolean): PspState => ({
      kind: 'declined',
      decline: { category: 'other', code: 'declined', pspCode },
      isFinal,
    });
    switch (object.state) {
      case 'open':
        return awaits === 'psp'
          ? { kind: 'pending', pspReference }
          : { kind: 'requires_action', pspReference, redirectUrl: `https://psp.test/${pspReference}` };
      case 'approved':
        return { kind: 'requires_action', pspReference, redirectUrl: null };
      case 'failed':
        return declined('authentication_failed', false);
      case 'succeeded':
        return { kind: 'succeeded', charge: object.charge };
      case 'declined':
      case 'expired':
      case 'invalidated':
        return declined(object.state, true);
    }
  }

  /** Our request completes what the buyer has approved. */
  confirm(object: PspObject): PspState {
    if (object.state === 'approved') this.succeed(object);
    return this.stateOf(object);
  }

  /** @returns whether it can charge no more */
  invalidate(object: PspObject): boolean {
    if (object.state === 'succeeded') return false;
    // What the PSP is processing can't always be stopped.
    if (object.awaits === 'psp' && object.state === 'open' && this.scheduler.random.chance(0.5)) return false;
    this.end(object, 'invalidated');
    return true;
  }

  /** Lets everybody do what they still have in mind. */
  finish(): void {
    for (const act of [...this.outstanding]) act();
  }

  private plan(object: PspObject): void {
    const { random } = this.scheduler;
    const soon = () => random.below(random.chance(0.5) ? MINUTE : 40 * MINUTE);
    const late = () => (1 + random.below(30 * 60)) * MINUTE;
    if (object.awaits === 'psp') {
      this.later(object, 'decide', random.chance(0.9) ? soon() : late());
      return;
    }
    const first = soon();
    const acts: readonly (readonly [Act, number])[] = random.pick([
      [['approve', first]],
      [['approve', first]],
      [
        ['approve', first],
        ['approve', first + soon()],
      ],
      [
        ['fail', first],
        ['approve', first + soon()],
      ],
      [['fail', first]],
      [['approve', late()]],
      [],
    ]);
    for (const [act, delay] of acts) this.later(object, act, delay);
    // Without having done anything there.
    if (random.chance(0.2)) this.scheduler.clock.after(soon(), () => this.listeners.sendBack(object));
  }

  private later(object: PspObject, act: Act, delay: number): void {
    const happen = () => {
      if (this.outstanding.delete(happen)) this.do(object, act);
    };
    this.outstanding.add(happen);
    this.scheduler.clock.after(delay, happen);
  }

  private do(object: PspObject, act: Act): void {
    if (act !== 'decide') this.listeners.sendBack(object);
    if (object.state !== 'open' && object.state !== 'failed') return;
    if (act === 'fail') this.change(object, 'failed');
    else if (act === 'decide' && this.scheduler.random.chance(0.3)) this.change(object, 'declined');
    else if (act === 'approve' && this.rules.needsConfirmation) this.change(object, 'approved');
    else this.succeed(object);
  }

  private succeed(object: PspObject): void {
    // An authorization takes no money.
    if (object.request.operation === 'charge') object.charge = this.charge(object.request);
    this.change(object, 'succeeded');
  }

  private end(object: PspObject, state: 'expired' | 'invalidated'): void {
    if (['open', 'approved', 'failed'].includes(object.state)) this.change(object, state);
  }

  private change(object: PspObject, state: PspObject['state']): void {
    object.state = state;
    object.changedAt = this.scheduler.clock.now();
    this.scheduler.tell(`${object.id} is ${state} at the PSP`);
    const { id, key, awaits, request, charge } = object;
    const { reference, currency } = request;
    const openStatus = awaits === 'psp' ? 'processing' : 'requires_action';
    this.listeners.tell({
      id,
      key,
      reference,
      currency,
      amountMinor: charge.amountMinor,
      status: state === 'open' ? openStatus : STATUSES[state],
      ...(state === 'failed' ? { declineCode: 'authentication_failed' } : {}),
    });
  }
}
