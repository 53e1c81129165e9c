/** What an instruction does at a PSP. This release accepts charges only; the schema has the other names. */
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
    /** The buyer or the PSP's deadline passed: the object can no longer charge. */
    | 'expired'
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
  /** Waits for the buyer, or, after the buyer's approval, for the request of ours that confirms it. */
  | {
      readonly kind: 'requires_action';
      readonly pspReference: string;
      /** Where the buyer acts; null once the buyer has approved and only our confirmation charges. */
      readonly redirectUrl: string | null;
      /** When it expires at the PSP, or until when we can confirm it. */
      readonly expiresAt?: Date;
    }
  /** Accepted by the PSP, which has the result later: seconds or months. */
  | {
      readonly kind: 'pending';
      readonly pspReference: string;
      readonly expiresAt?: Date;
      readonly pollAfterSeconds?: number;
    }
  | {
      readonly kind: 'declined';
      readonly decline: Decline;
      /**
       * The object is dead at the PSP: declined for good, expired or cancelled. Otherwise a buyer can still try again, so
       * that it has to be invalidated before its order fails.
       */
      readonly isFinal: boolean;
    }
  /** Proven to have had no effect at the PSP: DNS failure, connection refused, a documented "not processed". */
  | {
      readonly kind: 'not_sent';
      readonly reason: string;
      /** The cause is ours, such as a key that was rotated, and says nothing about the PSP's health. */
      readonly isOurs?: true;
    }
  | {
      readonly kind: 'rate_limited';
      readonly retryAfterSeconds: number | undefined;
      /** The request may have been carried out all the same: the limit isn't proven to come before everything else. */
      readonly maybeSent: boolean;
    }
  /** The PSP may have charged: read time-out, reset, 5xx, malformed answer, conflict on the key. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** The PSP refuses us, not the buyer: a bad key, a closed account. Nothing was charged. */
  | { readonly kind: 'misconfigured'; readonly reason: string };

/** A PSP's answer to a look-up. */
export type PspFinding =
  | { readonly kind: 'found'; readonly outcome: PspState }
  | { readonly kind: 'not_found' }
  | NoAnswer;

/** The outcomes that are states of an object at the PSP. */
export type PspState = Extract<
  PspOutcome,
  { kind: 'succeeded' | 'declined' | 'requires_action' | 'pending' }
>;

export interface NoAnswer {
  readonly kind: 'no_answer';
  readonly outcome: Exclude<PspOutcome, PspState>;
}

/** A PSP's answer to an invalidation. */
export type PspInvalidation =
  /** Final: no request under this key will charge, however late. */
  | { readonly kind: 'invalidated' }
  /** Refused, since the charge is completed. */
  | { readonly kind: 'charged'; readonly charge: PspCharge }
  /** Refused, since the PSP is still processing it. Nothing is decided. */
  | { readonly kind: 'found'; readonly outcome: Extract<PspOutcome, { kind: 'pending' }> }
  | NoAnswer;
