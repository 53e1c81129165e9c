/** A request to the address for events, as it arrived. */
export interface RawEvent {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The exact bytes, since these are what is signed. */
  readonly body: Uint8Array;
  /** When it arrived, in milliseconds since the epoch. */
  readonly now: number;
}

/** What an event says after its signature is verified. It names the object to look up; it is no evidence of a state. */
export type PspEvent =
  | {
      readonly kind: 'event';
      /** The PSP's id of the event: the same when it is delivered again. */
      readonly eventId: string;
      /** The PSP's id of the object. */
      readonly objectId: string;
      /** The object's state by this event, in the PSP's words: it tells two changes of an object apart. */
      readonly objectState?: string;
      /** What of ours the object names. */
      readonly references: { readonly idempotencyKey?: string; readonly reference?: string };
      readonly createdAt: Date;
    }
  /** Not the PSP's, too old, or unreadable. The reason contains nothing of the sender's. */
  | { readonly kind: 'refused'; readonly reason: string };
