import { unreachable } from '../assert.ts';
import { type Attempt, decide, type ExpectedCharge, manualReview, type Transition } from './decide.ts';
import type { PspAbilities, PspCharge, PspOutcome } from './psp-outcome.ts';

/** What settling an instruction past its last cycle has found (rule 11). */
export type Resolution =
  /** Every attempt is proven never to have reached the PSP. */
  | { readonly kind: 'never_sent' }
  | {
      readonly kind: 'found';
      readonly outcome: Extract<PspOutcome, { kind: 'succeeded' | 'declined' | 'requires_action' }>;
    }
  | { readonly kind: 'charged'; readonly charge: PspCharge }
  /** Not found, and the PSP refuses the key from now on: no late request can charge. */
  | { readonly kind: 'invalidated' }
  | { readonly kind: 'cannot_invalidate' }
  | {
      readonly kind: 'no_answer';
      readonly outcome: Extract<
        PspOutcome,
        { kind: 'not_sent' | 'rate_limited' | 'unknown' | 'misconfigured' }
      >;
    };

/** Evidence decides: charged is `SUCCESS`, provably not charged is rolled back, anything else is for a person. */
export function decideResolution(
  resolution: Resolution,
  expected: ExpectedCharge,
  abilities: PspAbilities,
  attempt: Attempt,
): Transition {
  switch (resolution.kind) {
    case 'found':
      return decide(resolution.outcome, expected, abilities, attempt);
    case 'charged':
      return decide({ kind: 'succeeded', charge: resolution.charge }, expected, abilities, attempt);
    case 'never_sent':
    case 'invalidated':
      return rollBack();
    case 'cannot_invalidate':
      return manualReview('not found at the PSP, which cannot be told to refuse a late request');
    case 'no_answer':
      return manualReview(`resolving: ${reasonOf(resolution.outcome)}`);
    default:
      return unreachable(resolution);
  }
}

/** The roll-back commit: the order ends as `FAILED`, and no money has moved or can move. */
export function rollBack(): Transition {
  return {
    state: 'cancelled',
    orderStatus: 'FAILED',
    orderStatusDetail: null,
    reason: null,
    failure: { category: 'not_processed', code: 'rolled_back', pspCode: '' },
    pspReference: null,
    waitSeconds: null,
    parked: false,
    waitsForCircuit: false,
    provenNotSent: false,
    posting: null,
  };
}

function reasonOf(outcome: Extract<Resolution, { kind: 'no_answer' }>['outcome']): string {
  return outcome.kind === 'rate_limited' ? 'the PSP limits our rate' : outcome.reason;
}
