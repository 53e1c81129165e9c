/** The ways in which money moves at a PSP. The kind says in which direction. */
export const MOVEMENT_KINDS = [
  'authorization',
  'authorization_release',
  'charge',
  'capture',
  'refund',
  /** A refund failed after it had succeeded. */
  'refund_failure',
  /** A charge or capture was taken back after it had succeeded. */
  'charge_reversal',
  'dispute',
  'dispute_reversal',
  'fee',
  'fee_credit',
  'reserve',
  'reserve_release',
  'payout',
  'payout_failure',
  'adjustment',
] as const;

export type MovementKind = (typeof MOVEMENT_KINDS)[number];

/** Money that moved at a PSP. */
export interface Movement {
  readonly kind: MovementKind;
  /** Minor units; greater than zero, but for an adjustment. */
  readonly amountMinor: bigint;
  readonly currency: string;
}

/** Who moved it: one of our instructions, or the PSP itself or somebody in its dashboard. */
export type MovementSource =
  | { readonly origin: 'own'; readonly instructionId: string }
  | { readonly origin: 'psp'; readonly pspAccount: string; readonly pspEntryId: string };

/**
 * The one name of a movement, the same whether an answer, an event, a look-up or the PSP's list of entries tells of it (rule 24).
 * The database's unique indexes enforce the same.
 */
export function movementNameOf(source: MovementSource, kind: MovementKind): string {
  return source.origin === 'own'
    ? JSON.stringify([source.instructionId, kind])
    : JSON.stringify([source.pspAccount, source.pspEntryId, kind]);
}
