import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import type { ChargeStatus } from '../../../simulator/charge-status.ts';
import type { Call } from '../../../simulator/record.ts';
import type { Listing } from './simulator-table.ts';

/** Enough until the year 2286. */
const MILLISECOND_DIGITS = 13;

/**
 * The position of a call's event in a list: sorts by time, within a millisecond by the order of the calls, and is unique.
 * Only letters, digits, `_` and `-`, so that it can be a cursor.
 */
export function placeOf({ at, callId }: { readonly at: number; readonly callId: string }): string {
  return `${beginningOf(at)}-${callId}`;
}

/** Sorts before every place of this time, and after every earlier one. */
export function beginningOf(at: number): string {
  return String(at).padStart(MILLISECOND_DIGITS, '0');
}

export function isPlace(text: string): boolean {
  return /^\d{13}-\w+$/.test(text);
}

/** Open charges share one list: it is short, and their states change. */
export type ChargeList = 'open' | 'succeeded' | 'declined' | 'expired' | 'invalidated';
type ListName = ChargeList | Call['kind'] | 'event' | 'entry';

export function listOf(status: ChargeStatus): ChargeList {
  switch (status) {
    case 'processing':
    case 'requires_action':
    case 'authenticated':
      return 'open';
    default:
      return status;
  }
}

export function listingOf(psp: SimulatedPspName, kind: ListName, place: string): Listing {
  return { listed: listedAs(psp, kind), place };
}

/** The partition of the index that lists this kind. */
export function listedAs(psp: SimulatedPspName, kind: ListName): string {
  return `${kind}#${psp}`;
}
