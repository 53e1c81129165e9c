import type { ChargeStatus } from './charge-status.ts';
import type { Reply } from './reply.ts';

/** A recorded charge. `request` is the caller's request, `amount` what the PSP says that it took. */
export interface NewCharge {
  readonly reference: string;
  readonly idempotencyKey: string;
  readonly request: string;
  readonly amount: number;
  readonly currency: string;
  readonly status: ChargeStatus;
  /** Why it was declined; for a charge that still waits for its buyer, why the last attempt was. */
  readonly declineCode: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** When it expires or completes, in milliseconds since the epoch; null for a charge that has ended. */
  readonly dueAt: number | null;
  /** `dueAt` in the first answer, which a repeat of the key gets again. */
  readonly firstDueAt: number | null;
}

export interface Charge extends NewCharge {
  /** Derived from its place in the record, so that the same calls always get the same ids. */
  readonly id: string;
}

/** A new charge, or a new state of a charge. */
export interface Change {
  /** In its new state. */
  readonly charge: Charge;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export const CALL_KINDS = ['send', 'confirm', 'look_up', 'invalidate'] as const;

/** One call of a PSP's API that was answered, or left without an answer. */
export interface Call {
  readonly kind: (typeof CALL_KINDS)[number];
  /** Null if the call was refused before it was read. */
  readonly reference: string | null;
  readonly idempotencyKey: string | null;
  /** The HTTP status; null if the call got no answer. */
  readonly status: number | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Something that happens under one idempotency key, before it is decided. */
export interface KeyCall {
  /** The API call to record; undefined for the buyer's act and for a deadline. */
  readonly kind: Call['kind'] | undefined;
  readonly reference: string;
  readonly idempotencyKey: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The events of one idempotency key. */
export interface KnownOfKey {
  readonly isInvalidated: boolean;
  /** When the newest 500 to replay was stored, in milliseconds since the epoch; undefined if none was. */
  readonly errorStoredAt: number | undefined;
  /** Oldest first. */
  readonly charges: readonly Charge[];
  /** How often the reference was sent with a faulty token before; also 0 if it isn't needed. */
  readonly faultySends: number;
}

interface Remarks {
  /** The reference was sent once more with a faulty token. */
  readonly countsFaultySend: boolean;
  /** A 500 is kept for the key, to be replayed. */
  readonly storesError: boolean;
}

/** The outcome of a call about a key. All its changes are recorded before its reply is returned. */
export type Decision = Remarks &
  (
    | { readonly kind: 'leaves'; readonly reply: Reply }
    | {
        readonly kind: 'invalidates';
        /** The open charges of the key, in their new state. */
        readonly charges: readonly Charge[];
        readonly reply: Reply;
      }
    /** A charge of the key gets a new state. */
    | { readonly kind: 'changes'; readonly charge: Charge; readonly reply: Reply }
    | {
        readonly kind: 'charges';
        readonly charge: NewCharge;
        /** Called with the recorded charge, including its id. */
        readonly reply: (charge: Charge) => Reply;
      }
  );

/** Pure: it may be called again if another call about the key came first. */
export type Decide = (known: KnownOfKey) => Decision;

export interface LookUp {
  readonly reference?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Only what was charged at or before this time, in milliseconds since the epoch. */
  readonly createdUntil: number;
}

export interface CarriedOut {
  readonly reply: Reply;
  /** The recorded changes of charges, in order. */
  readonly changes: readonly Change[];
}

/** A stretch of time for which calls are counted, in milliseconds since the epoch. */
export interface CallWindow {
  readonly startedAt: number;
  readonly endsAt: number;
}

/** The durable record of one simulated PSP, for its API. */
export interface PspRecord {
  /**
   * Executes a call about a key in isolation: nothing happens to the key between the read of its events and the decision.
   * Charges of the key that are due by `call.at` end first. Records the call.
   */
  carryOut(call: KeyCall, decide: Decide): Promise<CarriedOut>;
  /** The charge with this id as recorded; undefined if there is none. */
  get(id: string): Promise<Charge | undefined>;
  /**
   * The open charges that are due by `now`, in milliseconds since the epoch. May miss those of the last second.
   */
  findDue(now: number): Promise<readonly Charge[]>;
  /** The matching charges, oldest first, without a lag except the requested one. */
  find(lookUp: LookUp, limit: number): Promise<readonly Charge[]>;
  /**
   * The entries of a period, page by page. May miss those of the last second. @returns undefined if the cursor isn't one of
   * this record
   */
  listEntries(period: EntryPeriod, limit: number, after: string | undefined): Promise<EntryPage | undefined>;
  /** Records a call that changed nothing. */
  log(call: Call): Promise<void>;
  /** Counts a call of any kind within a window of time. @returns how many there are in it, this one included */
  countCall(window: CallWindow): Promise<number>;
}

/** A stretch of time, in milliseconds since the epoch: `from` is part of it, `to` is not. */
export interface EntryPeriod {
  readonly from: number;
  readonly to: number;
}

/** Money that was taken, as the PSP lists it: one entry per charge that succeeded. */
export interface Entry {
  readonly charge: Charge;
  /** When it succeeded, in milliseconds since the epoch: later than the charge was created if its buyer had to act. */
  readonly completedAt: number;
}

export interface EntryPage {
  /** Oldest first. */
  readonly entries: readonly Entry[];
  /** The cursor for the page after it; undefined for the last one. */
  readonly next: string | undefined;
}

export interface ChargeFilter {
  readonly reference: string | undefined;
  /** Undefined: all. */
  readonly status: Charge['status'] | undefined;
}

export interface ListedCharge {
  readonly charge: Charge;
  /** The cursor for the items after it. Letters, digits, `_` and `-`. */
  readonly cursor: string;
}

export interface CallCounts {
  readonly sends: number;
  readonly confirms: number;
  readonly lookUps: number;
  readonly invalidations: number;
}

/** The same record, for people and tests. */
export interface RecordView {
  /** Newest first. @returns undefined if the cursor isn't one of this record */
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
