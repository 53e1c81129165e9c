import { unreachable } from '../assert.ts';
import type { PspFinding, PspInvalidation, PspOutcome } from './psp-outcome.ts';

/** What one attempt says about its PSP's health, for the PSP's circuit and rate limiter. */
export type PspHealth =
  /** It answered. A decline is the answer of a healthy PSP. */
  | { readonly kind: 'answered' }
  | {
      readonly kind: 'failed';
      readonly cause: 'not_sent' | 'unknown' | 'misconfigured';
      readonly reason: string;
    }
  /** It limits our rate. That concerns the limiter and says nothing to the circuit. */
  | { readonly kind: 'rate_limited'; readonly retryAfterSeconds: number | undefined }
  /** No request was made, or it failed for a reason of ours. */
  | { readonly kind: 'silent' };

/** When a circuit opens, and for how long. */
export const CIRCUIT = {
  /** Refused connections are unambiguous: five in a row are no coincidence. */
  notSentInARow: 5,
  /** A single bad request can also cause an unknown outcome; ten in a row come from the PSP. */
  unknownInARow: 10,
  firstOpenSeconds: 10,
  /** The longest that a recovered PSP waits for the next probe. */
  longestOpenSeconds: 120,
  /** A single probe may fail for a reason of its own and keep the circuit of a healthy PSP open. */
  probes: 3,
  /** Past this many attempts every one counts: at a probe every two minutes, after sixteen hours of an unavailable PSP. */
  giveBackLimit: 500,
} as const;

export function healthOf(answer: PspOutcome | PspFinding | PspInvalidation): PspHealth {
  switch (answer.kind) {
    case 'succeeded':
    case 'declined':
    case 'requires_action':
    case 'pending':
    case 'found':
    case 'not_found':
    case 'invalidated':
    case 'charged':
      return { kind: 'answered' };
    case 'rate_limited':
      return { kind: 'rate_limited', retryAfterSeconds: answer.retryAfterSeconds };
    case 'not_sent':
      return answer.isOurs ? { kind: 'silent' } : failed(answer);
    case 'unknown':
    case 'misconfigured':
      return failed(answer);
    case 'no_answer':
      return healthOf(answer.outcome);
    default:
      return unreachable(answer);
  }
}

function failed({
  kind: cause,
  reason,
}: Extract<PspOutcome, { kind: 'not_sent' | 'unknown' | 'misconfigured' }>): PspHealth {
  return { kind: 'failed', cause, reason };
}
