import type { MovementKind } from '../../domain/ledger/movement.ts';
import type { NoAnswer } from '../../domain/payment/psp-outcome.ts';

/** From the beginning, inclusive, to the end, exclusive. */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

/** Money that moved at the PSP, as one entry of the PSP's own account. */
export interface PspMovement {
  /** The PSP's id of the entry. */
  readonly pspEntryId: string;
  /** The PSP's id of the object that was charged, refunded or paid out; absent where an entry belongs to none. */
  readonly pspReference?: string;
  /** What of ours the object names: the id of an order or payout, if it is one. */
  readonly reference?: string;
  readonly kind: MovementKind;
  /** Positive: the kind says in which direction it moved. */
  readonly amountMinor: bigint;
  readonly currency: string;
  readonly occurredAt: Date;
  /** When the PSP pays it out at the earliest. */
  readonly availableAt?: Date;
}

export type ListedMovements =
  | {
      readonly kind: 'listed';
      /** Oldest first, as the PSP orders its entries. */
      readonly movements: readonly PspMovement[];
      /** The cursor for the page after it; undefined for the last one. */
      readonly next: string | undefined;
    }
  /** The PSP has no list of movements. */
  | { readonly kind: 'not_supported' }
  | NoAnswer;
