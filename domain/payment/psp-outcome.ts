/** What an instruction does at a PSP. This release carries out charges only; the schema has the other names. */
export const OPERATIONS = ['charge', 'authorize', 'capture', 'void', 'refund', 'payout'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** A charge as the PSP reports it, to be compared before it is trusted (rule 12). */
export interface PspCharge {
  readonly pspReference: string;
  readonly reference: string;
  readonly amountMinor: bigint;
  readonly currency: string;
}

/** Why a PSP said no, in our words and in the PSP's own. */
export interface Decline {
  readonly category:
    | 'insufficient_funds'
    | 'card_declined'
    | 'expired_card'
    | 'invalid_payment_method'
    | 'fraud_suspected'
    /** Rolled back: never charged, through no fault of the buyer. */
    | 'not_processed'
    | 'other';
  readonly code: string;
  readonly pspCode: string;
}

/** Every answer and every network failure is exactly one of these. */
export type PspOutcome =
  | {
      readonly kind: 'succeeded';
      readonly charge: PspCharge;
      /** Other charges that took money although one was requested: no one can say which of them is ours. */
      readonly furtherCharges?: readonly PspCharge[];
    }
  | { readonly kind: 'requires_action'; readonly pspReference: string; readonly redirectUrl: string }
  | { readonly kind: 'declined'; readonly decline: Decline }
  /** Proven to have had no effect at the PSP: DNS failure, connection refused, a documented "not processed". */
  | { readonly kind: 'not_sent'; readonly reason: string }
  | { readonly kind: 'rate_limited'; readonly retryAfterSeconds: number | undefined }
  /** The PSP may have charged: read time-out, reset, 5xx, malformed answer, conflict on the key. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** The PSP refuses us, not the buyer: a bad key, a closed account. Nothing was charged. */
  | { readonly kind: 'misconfigured'; readonly reason: string };

/** A PSP's answer to a look-up. */
export type PspFinding =
  | {
      readonly kind: 'found';
      readonly outcome: Extract<PspOutcome, { kind: 'succeeded' | 'declined' | 'requires_action' }>;
    }
  | { readonly kind: 'not_found' }
  | {
      readonly kind: 'no_answer';
      readonly outcome: Extract<
        PspOutcome,
        { kind: 'not_sent' | 'rate_limited' | 'unknown' | 'misconfigured' }
      >;
    };

/** A PSP's answer to an invalidation. */
export type PspInvalidation =
  /** Final: no request under this key will charge, however late. */
  | { readonly kind: 'invalidated' }
  /** Refused, since the charge is completed. */
  | { readonly kind: 'charged'; readonly charge: PspCharge }
  | {
      readonly kind: 'no_answer';
      readonly outcome: Extract<
        PspOutcome,
        { kind: 'not_sent' | 'rate_limited' | 'unknown' | 'misconfigured' }
      >;
    };

/** What a PSP can do, as its adapter declares it. The letters are those of docs/protocol.md. */
export interface PspAbilities {
  /** K: how long the PSP remembers an idempotency key; null where it doesn't deduplicate. */
  readonly keyLifetimeSeconds: number | null;
  /** W: how long a charge may stay invisible to look-ups; null where there is no look-up. */
  readonly lookUpLagSeconds: number | null;
  /** Z: how long after we gave up on a request it may still land. */
  readonly maxInFlightSeconds: number;
  /** A charge can be invalidated by its key: refused for a completed charge, final for one that has not landed. */
  readonly invalidatesByKey: boolean;
  /** The PSP replays a stored 5xx for a key, so that re-sending never resolves an unknown outcome. */
  readonly replaysStoredServerErrors: boolean;
}
