import type { Reply } from './reply.ts';

/** What a simulated PSP keeps of a charge. `request` is what was asked, `amount` what it says it took. */
export interface NewCharge {
  readonly reference: string;
  readonly idempotencyKey: string;
  readonly request: string;
  readonly amount: number;
  readonly currency: string;
  readonly status: 'succeeded' | 'declined';
  readonly declineCode: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface Charge extends NewCharge {
  /** From its place in the record, so that the same calls always get the same ids. */
  readonly id: string;
}

/** One call of a PSP's API that was answered, or left without an answer. */
export interface Call {
  readonly kind: 'send' | 'look_up' | 'invalidate';
  /** Null where the call was refused before it was read. */
  readonly reference: string | null;
  readonly idempotencyKey: string | null;
  /** The HTTP status; null where the call was left without an answer. */
  readonly status: number | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A call about one idempotency key, before it is decided. */
export interface KeyCall {
  readonly kind: 'send' | 'invalidate';
  readonly reference: string;
  readonly idempotencyKey: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What stands under one idempotency key. */
export interface KnownOfKey {
  readonly isInvalidated: boolean;
  /** When the newest 500 to be replayed was stored, in milliseconds since the epoch; undefined where none was. */
  readonly errorStoredAt: number | undefined;
  /** Oldest first. */
  readonly charges: readonly Charge[];
  /** How often the reference was sent with a faulty token before; 0 too where nobody needs to know. */
  readonly faultySends: number;
}

interface Remarks {
  /** The reference was sent once more with a faulty token. */
  readonly countsFaultySend: boolean;
  /** A 500 is kept for the key, to be replayed. */
  readonly storesError: boolean;
}

/** What becomes of a call about a key. All that it changes is on record before its reply is given. */
export type Decision = Remarks &
  (
    | { readonly kind: 'leaves'; readonly reply: Reply }
    | { readonly kind: 'invalidates'; readonly reply: Reply }
    | {
        readonly kind: 'charges';
        readonly charge: NewCharge;
        /** Told the charge as it is on record, with its id. */
        readonly reply: (charge: Charge) => Reply;
      }
  );

/** Pure: it may be asked again where another call about the key came first. */
export type Decide = (known: KnownOfKey) => Decision;

export interface LookUp {
  readonly reference?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Only what was charged at or before this time, in milliseconds since the epoch. */
  readonly createdUntil: number;
}

/** The durable record of one simulated PSP, as its API needs it. */
export interface PspRecord {
  /**
   * Carries out a call about a key as if it were alone: nothing happens under the key between what is known of it and
   * what is decided. Logs the call.
   */
  carryOut(call: KeyCall, decide: Decide): Promise<Reply>;
  /** The charges that match, oldest first. Shows all that is on record: no lag but what the caller asks for. */
  find(lookUp: LookUp, limit: number): Promise<readonly Charge[]>;
  /** Logs a call that changed nothing. */
  log(call: Call): Promise<void>;
}

export interface ChargeFilter {
  readonly reference: string | undefined;
  /** Undefined: all. */
  readonly status: Charge['status'] | undefined;
}

export interface ListedCharge {
  readonly charge: Charge;
  /** Names its place in the list: what comes after it is asked for by this. Letters, digits, `_` and `-`. */
  readonly cursor: string;
}

export interface CallCounts {
  readonly sends: number;
  readonly lookUps: number;
  readonly invalidations: number;
}

/** The same record, as people and tests read it. */
export interface RecordView {
  /** Newest first. @returns undefined where the cursor is none of this record's */
  listCharges(
    filter: ChargeFilter,
    limit: number,
    after: string | undefined,
  ): Promise<readonly ListedCharge[] | undefined>;
  countCharges(filter: ChargeFilter): Promise<number>;
  /** Newest first. */
  listCalls(reference: string | undefined, limit: number): Promise<readonly Call[]>;
  countCalls(reference: string | undefined): Promise<CallCounts>;
}
