/** A request to the address for events, as it arrived. */
export interface RawEvent {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The exact bytes, since these are what is signed. */
  readonly body: Uint8Array;
  /** When it arrived, in milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Why an event is refused: it has no signature, or one of another secret, or was signed more than some minutes from now, or is
 * signed and can't be read.
 */
export type EventRefusal = 'unsigned' | 'wrong_signature' | 'not_signed_now' | 'unreadable';

/** What an event says after its signature is verified. It names the object to look up; it is no evidence of a state. */
export type PspEvent =
  | {
      readonly kind: 'event';
      /** The PSP's id of the event: the same when it is delivered again. */
      readonly eventId: string;
      /** What happened, in the PSP's words. */
      readonly type: string;
      /** The PSP's id of the object. */
      readonly objectId: string;
      /** The object's state by this event, in the PSP's words: it tells two changes of an object apart. */
      readonly objectState?: string;
      /** What of ours the object names. */
      readonly references: { readonly idempotencyKey?: string; readonly reference?: string };
      readonly createdAt: Date;
      /** When this delivery was signed. */
      readonly signedAt: Date;
    }
  | { readonly kind: 'refused'; readonly reason: EventRefusal };
