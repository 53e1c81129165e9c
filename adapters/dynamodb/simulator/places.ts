import type { SimulatedPspName } from '../../../domain/payment/payment-method.ts';
import type { Call, Charge } from '../../../simulator/record.ts';
import type { Listing } from './simulator-table.ts';

/** Enough until the year 2286. */
const MILLISECOND_DIGITS = 13;

/**
 * Where what a call did stands in a list: sorts by time, within a millisecond by the order of the calls, and is unique.
 * Letters, digits, `_` and `-` only, so that it is a cursor too.
 */
export function placeOf({ at, callId }: { readonly at: number; readonly callId: string }): string {
  return `${String(at).padStart(MILLISECOND_DIGITS, '0')}-${callId}`;
}

export function isPlace(text: string): boolean {
  return /^\d{13}-\w+$/.test(text);
}

export function listingOf(
  psp: SimulatedPspName,
  kind: Charge['status'] | Call['kind'],
  place: string,
): Listing {
  return { listed: listedAs(psp, kind), place };
}

/** The partition of the index that lists this kind. */
export function listedAs(psp: SimulatedPspName, kind: Charge['status'] | Call['kind']): string {
  return `${kind}#${psp}`;
}
