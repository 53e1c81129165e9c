import { unreachable } from '../assert.ts';
import { chargePosting } from '../ledger/charge-postings.ts';
import type { Movement } from '../ledger/movement.ts';
import { amountsMoved } from '../ledger/order-amounts.ts';
import type { Split } from '../money/split.ts';
import { backoffSeconds, pollSeconds, rateLimitSeconds } from './backoff.ts';
import { CIRCUIT } from './circuit.ts';
import type { Awaits } from './instruction.ts';
import type { OperationAbilities } from './psp-abilities.ts';
import type { Decline, Operation, PspCharge, PspOutcome } from './psp-outcome.ts';
import { propagationSeconds } from './timing.ts';
import { EXPIRED, ended, manualReview, retry, rollBack, type Transition, waitFor } from './transition.ts';

/** One attempt at one instruction: what was asked for, and what is known of the attempts before. */
export interface AttemptedInstruction {
  readonly operation: Operation;
  readonly expected: ExpectedCharge;
  readonly abilities: OperationAbilities;
  readonly attemptNo: number;
  /** Whether some attempt before this one may have reached the PSP. */
  readonly maybeSentBefore: boolean;
  /** Past its last cycle: nothing more is sent, and a look-up decides (rule 11). */
  readonly isResolved: boolean;
  /** The PSP takes it no more: nothing is sent. */
  readonly isTooLateToSend: boolean;
  /** What it was waiting for when this attempt looked it up; null if it was sent, or its outcome is unknown. */
  readonly awaits: Awaits | null;
  /** Seconds since it expired, negative before; null if it has no expiry. */
  readonly secondsPastExpiry: number | null;
  /** It probes a half-open circuit. */
  readonly isProbe: boolean;
  /** The backoff's jitter, in [0, 1). */
  readonly random: number;
}

/** The requested charge, which a PSP's answer is compared with. */
export interface ExpectedCharge {
  readonly psp: string;
  readonly reference: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly splits: readonly Split[];
}

/** What an attempt observed. */
export type Observation =
  /** The last answer, or the lack of one. `sent`: the request of this attempt may have had an effect at the PSP. */
  | { readonly kind: 'answered'; readonly outcome: PspOutcome; readonly sent: boolean }
  /** The PSP has no such charge, and neither sending again nor invalidating is safe. */
  | { readonly kind: 'not_found' }
  /**
   * The PSP refuses the key from now on: no late request can charge, and no buyer can act any more. `decline`: the buyer's
   * last failed action.
   */
  | { readonly kind: 'invalidated'; readonly decline?: Decline }
  /** No request was needed: every attempt is proven never to have reached the PSP. */
  | { readonly kind: 'never_sent' }
  /** No further request was made: it could not have ended in the time left. */
  | { readonly kind: 'no_time'; readonly reason: string };

/** Turns an observation into the transition of the instruction and its order. The only place that decides; pure. */
export function decide(instruction: AttemptedInstruction, observation: Observation): Transition {
  switch (observation.kind) {
    case 'answered':
      return decideOutcome(instruction, observation.outcome, observation.sent);
    case 'not_found':
      return instruction.isResolved
        ? manualReview('not found at the PSP, which cannot be told to refuse a late request')
        : tryAgainUnknown(instruction, 'not found at the PSP, and not safe to send again', false);
    case 'invalidated':
      return rollBack(observation.decline ?? (hasExpired(instruction) ? EXPIRED : undefined));
    case 'never_sent':
      return rollBack(instruction.isTooLateToSend ? EXPIRED : undefined);
    case 'no_time':
      return tryAgainForOurOwnLackOfTime(instruction, observation.reason);
    default:
      return unreachable(observation);
  }
}

function hasExpired({ awaits, isTooLateToSend }: AttemptedInstruction): boolean {
  return awaits !== null || isTooLateToSend;
}

/** Decides by the class of the PSP's outcome. */
function decideOutcome(instruction: AttemptedInstruction, outcome: PspOutcome, sent: boolean): Transition {
  switch (outcome.kind) {
    case 'succeeded':
      return decideSuccess(instruction, outcome, sent);
    case 'declined':
      // A buyer can act again on what a look-up finds, until the PSP itself calls the object dead.
      return !outcome.isFinal && (!sent || instruction.awaits !== null)
        ? waitForBuyer(instruction, {}, sent)
        : { ...ended('declined', 'FAILED', null), failure: outcome.decline };
    case 'requires_action':
      return waitForBuyer(instruction, outcome, sent);
    case 'pending':
      return waitForPsp(instruction, outcome, sent);
    case 'rate_limited':
      return tryAgainWithinRate(instruction, outcome.retryAfterSeconds, sent && outcome.maybeSent);
    case 'not_sent':
      return instruction.isResolved
        ? unresolved(outcome.reason)
        : tryAgain(instruction, outcome.reason, backoffOf(instruction));
    case 'unknown':
      return instruction.isResolved
        ? unresolved(outcome.reason)
        : tryAgainUnknown(instruction, outcome.reason, sent);
    case 'misconfigured':
      return instruction.isResolved ? unresolved(outcome.reason) : refused(instruction, outcome.reason);
    default:
      return unreachable(outcome);
  }
}

/** Where neither the PSP nor our request names another time. */
const EXPIRY_SECONDS = { buyer: 3600, psp: 24 * 3600 } as const;
/** Past its expiry, an object is left so long to end at the PSP by itself; then a person decides. */
const EXPIRY_GRACE_SECONDS = 24 * 3600;

function waitForBuyer(
  instruction: AttemptedInstruction,
  action: { readonly pspReference?: string; readonly redirectUrl?: string | null; readonly expiresAt?: Date },
  sent: boolean,
): Transition {
  const { pspReference = null, redirectUrl = null } = action;
  const expiresAt = action.expiresAt ?? null;
  return (
    waitsInVain(instruction) ??
    waitFor(
      {
        awaits: 'buyer',
        pollSeconds: pollSeconds(instruction.attemptNo),
        expiresAt,
        expiresSeconds: EXPIRY_SECONDS.buyer,
        nextAction: redirectUrl === null ? null : { type: 'redirect', url: redirectUrl, expiresAt },
      },
      pspReference,
      !sent,
    )
  );
}

function waitForPsp(
  instruction: AttemptedInstruction,
  { pspReference, expiresAt, pollAfterSeconds }: Extract<PspOutcome, { kind: 'pending' }>,
  sent: boolean,
): Transition {
  return (
    waitsInVain(instruction) ??
    waitFor(
      {
        awaits: 'psp',
        pollSeconds: pollSeconds(instruction.attemptNo, pollAfterSeconds),
        expiresAt: expiresAt ?? null,
        expiresSeconds: EXPIRY_SECONDS.psp,
        nextAction: null,
      },
      pspReference,
      !sent,
    )
  );
}

/**
 * What a person must decide: what waits at a PSP that can't be looked up, and what is open after its expiry. The clock alone
 * never fails an order: only the PSP's word that the object is dead does. So what can neither be invalidated nor expires at
 * the PSP is for a person at once, and anything else once it has stayed open for a day.
 */
function waitsInVain({ secondsPastExpiry, abilities }: AttemptedInstruction): Transition | undefined {
  if (abilities.lookUpLagSeconds === null) return manualReview('waits at a PSP that answers no look-ups');
  if (secondsPastExpiry === null || secondsPastExpiry < 0) return undefined;
  const ends = abilities.invalidatesByKey || abilities.expiresByItself;
  if (ends && secondsPastExpiry < EXPIRY_GRACE_SECONDS) return undefined;
  return manualReview('expired, and still open at the PSP');
}

/** What succeeded is compared with the request before it is trusted, and must be the only one (rule 12). */
function decideSuccess(
  { operation, expected }: AttemptedInstruction,
  { charge, furtherCharges = [] }: Extract<PspOutcome, { kind: 'succeeded' }>,
  sent: boolean,
): Transition {
  const mismatch = repetitionOf([charge, ...furtherCharges]) ?? mismatchOf(charge, expected);
  if (mismatch !== undefined) return { ...manualReview(mismatch), pspReference: charge.pspReference };
  const { amountMinor, currency } = expected;
  const succeeded = { provenNotSent: !sent, pspReference: charge.pspReference };
  switch (operation) {
    case 'charge': {
      const movement: Movement = { kind: 'charge', amountMinor, currency };
      const booked = { movement, amounts: amountsMoved(movement), postings: [chargePosting(expected)] };
      return { ...ended('succeeded', 'SUCCESS', null), ...succeeded, ...booked };
    }
    case 'authorize':
      return { ...ended('succeeded', 'EXECUTING', 'authorized'), ...succeeded };
    case 'capture':
    case 'void':
    case 'refund':
    case 'payout':
      return manualReview(`this version doesn't know what a ${operation} that succeeded changes`);
    default:
      return unreachable(operation);
  }
}

function repetitionOf(charges: readonly PspCharge[]): string | undefined {
  if (charges.length === 1) return undefined;
  const references = charges.map(({ pspReference }) => pspReference).join(', ');
  return `the PSP has ${charges.length} charges where one was requested: ${references}`;
}

function mismatchOf(charge: PspCharge, expected: ExpectedCharge): string | undefined {
  if (charge.reference !== expected.reference) {
    return `the PSP answered for reference ${charge.reference}, requested was ${expected.reference}`;
  }
  if (charge.amountMinor !== expected.amountMinor || charge.currency !== expected.currency) {
    return `the PSP answered ${charge.amountMinor} ${charge.currency}, requested was ${expected.amountMinor} ${expected.currency}`;
  }
  return undefined;
}

/** An instruction waits in the queue for this many attempts, each of which counts as a receive; then it is parked. */
const RATE_LIMITED_IN_QUEUE = 3;

/**
 * A 429 never ends a payment: it is not counted as an attempt, however often it comes, also while resolving. The limiter of
 * the PSP's account, which the record statement slows down, decides when the PSP is called again.
 */
function tryAgainWithinRate(
  instruction: AttemptedInstruction,
  retryAfterSeconds: number | undefined,
  sent: boolean,
): Transition {
  const rateSeconds = rateLimitSeconds(retryAfterSeconds);
  const waitSeconds = sent ? Math.max(rateSeconds, propagationSeconds(instruction.abilities)) : rateSeconds;
  const waiting = retryOf(instruction, 'the PSP limits our rate', waitSeconds, !sent);
  const free = { ...waiting, costsNoAttempt: true };
  if (waiting.parked || instruction.attemptNo <= RATE_LIMITED_IN_QUEUE) return free;
  return { ...free, parked: true, waitsFor: 'rate' };
}

/** Our lack of time is not counted as an attempt, up to a limit: a service that stays slow must not cause endless retries. */
function tryAgainForOurOwnLackOfTime(instruction: AttemptedInstruction, reason: string): Transition {
  const waiting = tryAgain(instruction, reason, backoffOf(instruction));
  return { ...waiting, costsNoAttempt: instruction.attemptNo < CIRCUIT.giveBackLimit };
}

/**
 * The next attempt looks the charge up only after a late request has landed (Z) and shows in look-ups (W). From the second
 * attempt on, a backoff is added for a PSP that keeps failing.
 */
function tryAgainUnknown(instruction: AttemptedInstruction, reason: string, sent: boolean): Transition {
  const { abilities, attemptNo, random } = instruction;
  const backoff = attemptNo > 1 ? backoffSeconds(attemptNo - 1, random) : 0;
  const waitSeconds = propagationSeconds(abilities) + backoff;
  return retryOf(instruction, reason, waitSeconds, !sent);
}

/**
 * The PSP refuses our key: nothing was charged, and no retry helps until somebody changes the key. A probe waits for the
 * circuit again instead of becoming a dead letter, since the refusal is known already.
 */
function refused(instruction: AttemptedInstruction, reason: string): Transition {
  const waiting = tryAgain(instruction, `the PSP refuses us: ${reason}`, 0);
  return instruction.isProbe
    ? { ...waiting, parked: true, waitsFor: 'circuit' }
    : { ...waiting, state: 'dead_lettered' };
}

/** Past the last cycle, an outcome that is still unknown goes to manual review. */
function unresolved(reason: string): Transition {
  return manualReview(`resolving: ${reason}`);
}

/** A retry after an attempt that is proven to have had no effect at the PSP. */
function tryAgain(instruction: AttemptedInstruction, reason: string, waitSeconds: number): Transition {
  return retryOf(instruction, reason, waitSeconds, true);
}

function retryOf(
  { maybeSentBefore, awaits }: AttemptedInstruction,
  reason: string,
  waitSeconds: number,
  provenNotSent: boolean,
): Transition {
  return retry({ reason, waitSeconds, provenNotSent, maybeSentBefore, awaits });
}

function backoffOf({ attemptNo, random }: AttemptedInstruction): number {
  return backoffSeconds(attemptNo, random);
}
