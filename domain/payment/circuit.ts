import { unreachable } from '../assert.ts';
import type { PspFinding, PspInvalidation, PspOutcome } from './psp-outcome.ts';

/** What one attempt says of its PSP, for the circuit and the limiter of the PSP's account. */
export type PspHealth =
  /** It answered, whatever it said: a decline is a healthy PSP's. */
  | { readonly kind: 'answered' }
  | {
      readonly kind: 'failed';
      readonly cause: 'not_sent' | 'unknown' | 'misconfigured';
      readonly reason: string;
    }
  /** It limits our rate, which is for the limiter of its account: neither well nor down. */
  | { readonly kind: 'rate_limited'; readonly retryAfterSeconds: number | undefined }
  /** Nothing was asked. */
  | { readonly kind: 'silent' };

/** When a circuit opens, and for how long. */
export const CIRCUIT = {
  /** Refused connections are cheap and plain: five in a row are no accident. */
  notSentInARow: 5,
  /** Unknown outcomes also come from one bad instruction's own request; a batch full of them doesn't. */
  unknownInARow: 10,
  firstOpenSeconds: 10,
  /** The longest that a PSP which is back waits for its next probe. */
  longestOpenSeconds: 120,
  /** One alone may fail for a reason of its own, and keep a PSP waiting that is well. */
  probes: 3,
  /** Past so many attempts none is given back: at one probe in two minutes that is sixteen hours of a dead PSP. */
  giveBackLimit: 500,
} as const;

export function healthOf(answer: PspOutcome | PspFinding | PspInvalidation): PspHealth {
  switch (answer.kind) {
    case 'succeeded':
    case 'declined':
    case 'requires_action':
    case 'found':
    case 'not_found':
    case 'invalidated':
    case 'charged':
      return { kind: 'answered' };
    case 'rate_limited':
      return { kind: 'rate_limited', retryAfterSeconds: answer.retryAfterSeconds };
    case 'not_sent':
    case 'unknown':
    case 'misconfigured':
      return { kind: 'failed', cause: answer.kind, reason: answer.reason };
    case 'no_answer':
      return healthOf(answer.outcome);
    default:
      return unreachable(answer);
  }
}
