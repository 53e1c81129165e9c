import { unreachable } from '../assert.ts';
import { chargePosting } from '../ledger/posting.ts';
import type { Split } from '../money/split.ts';
import { backoffSeconds, rateLimitSeconds } from './backoff.ts';
import { CIRCUIT } from './circuit.ts';
import type { PspAbilities, PspCharge, PspOutcome } from './psp-outcome.ts';
import { propagationSeconds } from './timing.ts';
import { ended, manualReview, retry, rollBack, type Transition } from './transition.ts';

/** One attempt at one instruction: what was asked for, and what is known of the attempts before. */
export interface AttemptedInstruction {
  readonly expected: ExpectedCharge;
  readonly abilities: PspAbilities;
  readonly attemptNo: number;
  /** Whether some attempt before this one may have reached the PSP. */
  readonly maybeSentBefore: boolean;
  /** Past its last cycle: nothing more is sent, and evidence decides (rule 11). */
  readonly isResolved: boolean;
  /** It finds out whether an open circuit can close. */
  readonly isProbe: boolean;
  /** In [0, 1): the backoff's jitter. */
  readonly random: number;
}

/** The charge that was asked for: what a PSP's answer is compared with. */
export interface ExpectedCharge {
  readonly psp: string;
  readonly reference: string;
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly splits: readonly Split[];
}

/** What an attempt has seen. */
export type Observation =
  /** The last answer, or the lack of one, to a request or a look-up. `sent`: this attempt may have reached the PSP's books. */
  | { readonly kind: 'answered'; readonly outcome: PspOutcome; readonly sent: boolean }
  /** The PSP holds nothing, and neither sending again nor invalidating is safe. */
  | { readonly kind: 'not_found' }
  /** The PSP holds nothing, and refuses the key from now on: no late request can charge. */
  | { readonly kind: 'invalidated' }
  /** Nothing was asked: every attempt is proven never to have reached the PSP. */
  | { readonly kind: 'never_sent' }
  /** Nothing more was asked: a call could not have ended in the time that was left. */
  | { readonly kind: 'no_time'; readonly reason: string };

/** What was observed in, what becomes of the instruction and its order out: the one place that decides. Pure. */
export function decide(instruction: AttemptedInstruction, observation: Observation): Transition {
  switch (observation.kind) {
    case 'answered':
      return decideOutcome(instruction, observation.outcome, observation.sent);
    case 'not_found':
      return instruction.isResolved
        ? manualReview('not found at the PSP, which cannot be told to refuse a late request')
        : tryAgainUnknown(instruction, 'not found at the PSP, and not safe to send again', false);
    case 'invalidated':
    case 'never_sent':
      return rollBack();
    case 'no_time':
      return tryAgainForOurOwnLackOfTime(instruction, observation.reason);
    default:
      return unreachable(observation);
  }
}

/** The retry classes. */
function decideOutcome(instruction: AttemptedInstruction, outcome: PspOutcome, sent: boolean): Transition {
  switch (outcome.kind) {
    case 'succeeded':
      return decideCharge(instruction, outcome, sent);
    case 'declined':
      return { ...ended('declined', 'FAILED', null), failure: outcome.decline };
    case 'requires_action':
      return {
        ...ended('requires_action', 'EXECUTING', 'requires_action'),
        pspReference: outcome.pspReference,
      };
    case 'rate_limited':
      return tryAgainWithinRate(instruction, outcome.retryAfterSeconds);
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

/** A PSP's answer is compared before it is believed, and must be one (rule 12). */
function decideCharge(
  { expected }: AttemptedInstruction,
  { charge, furtherCharges = [] }: Extract<PspOutcome, { kind: 'succeeded' }>,
  sent: boolean,
): Transition {
  const mismatch = repetitionOf([charge, ...furtherCharges]) ?? mismatchOf(charge, expected);
  if (mismatch !== undefined) return { ...manualReview(mismatch), pspReference: charge.pspReference };
  return {
    ...ended('succeeded', 'SUCCESS', null),
    provenNotSent: !sent,
    pspReference: charge.pspReference,
    posting: chargePosting(expected),
  };
}

function repetitionOf(charges: readonly PspCharge[]): string | undefined {
  if (charges.length === 1) return undefined;
  const references = charges.map(({ pspReference }) => pspReference).join(', ');
  return `the PSP holds ${charges.length} charges where one was asked for: ${references}`;
}

function mismatchOf(charge: PspCharge, expected: ExpectedCharge): string | undefined {
  if (charge.reference !== expected.reference) {
    return `the PSP answered for reference ${charge.reference}, asked was ${expected.reference}`;
  }
  if (charge.amountMinor !== expected.amountMinor || charge.currency !== expected.currency) {
    return `the PSP answered ${charge.amountMinor} ${charge.currency}, asked was ${expected.amountMinor} ${expected.currency}`;
  }
  return undefined;
}

/** So many 429s an instruction waits out in the queue, where each visit counts as a receive; past them it is parked. */
const RATE_LIMITED_IN_QUEUE = 3;

/**
 * A 429 never ends a payment: it costs no attempt, however often it comes, and while resolving neither. When the PSP is
 * called again is up to the limiter of its account, which the record widens.
 */
function tryAgainWithinRate(
  instruction: AttemptedInstruction,
  retryAfterSeconds: number | undefined,
): Transition {
  const waiting = tryAgain(instruction, 'the PSP limits our rate', rateLimitSeconds(retryAfterSeconds));
  const free = { ...waiting, costsNoAttempt: true };
  if (waiting.parked || instruction.attemptNo <= RATE_LIMITED_IN_QUEUE) return free;
  return { ...free, parked: true, waitsFor: 'rate' };
}

/** It says nothing of the instruction; given back without end, a service of ours that is slow for good would spin. */
function tryAgainForOurOwnLackOfTime(instruction: AttemptedInstruction, reason: string): Transition {
  const waiting = tryAgain(instruction, reason, backoffOf(instruction));
  return { ...waiting, costsNoAttempt: instruction.attemptNo < CIRCUIT.giveBackLimit };
}

/**
 * The request has landed (Z) and is visible (W) before the next attempt looks it up; the backoff on top spares a PSP that
 * keeps failing.
 */
function tryAgainUnknown(instruction: AttemptedInstruction, reason: string, sent: boolean): Transition {
  const { abilities, attemptNo, random, maybeSentBefore } = instruction;
  const backoff = attemptNo > 1 ? backoffSeconds(attemptNo - 1, random) : 0;
  const waitSeconds = propagationSeconds(abilities) + backoff;
  return retry({ reason, waitSeconds, provenNotSent: !sent, maybeSentBefore });
}

/**
 * No retry helps until somebody changes the key; nothing was charged by this attempt. That the PSP refuses us is known
 * to a probe already: it goes back to where it waited, and costs no dead letter.
 */
function refused(instruction: AttemptedInstruction, reason: string): Transition {
  const waiting = tryAgain(instruction, `the PSP refuses us: ${reason}`, 0);
  return instruction.isProbe
    ? { ...waiting, parked: true, waitsFor: 'circuit' }
    : { ...waiting, state: 'dead_lettered' };
}

/** Evidence decides past the last cycle; without any, a person does. */
function unresolved(reason: string): Transition {
  return manualReview(`resolving: ${reason}`);
}

/** After an attempt that is proven never to have reached the PSP's books. */
function tryAgain(
  { maybeSentBefore }: AttemptedInstruction,
  reason: string,
  waitSeconds: number,
): Transition {
  return retry({ reason, waitSeconds, provenNotSent: true, maybeSentBefore });
}

function backoffOf({ attemptNo, random }: AttemptedInstruction): number {
  return backoffSeconds(attemptNo, random);
}
