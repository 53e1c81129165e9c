import { unreachable } from '../assert.ts';
import type { Awaits } from './instruction.ts';
import type { OperationAbilities } from './psp-abilities.ts';
import type { PspFinding } from './psp-outcome.ts';

/** What a claim returns about earlier attempts. */
export interface AttemptHistory {
  /** What the PSP has accepted waits for the buyer or the PSP; null if nothing is known to be accepted. */
  readonly awaits: Awaits | null;
  /** It has waited until it expired. */
  readonly isExpired: boolean;
  /** Every earlier attempt is recorded as proven never to have reached the PSP; true for the first attempt. */
  readonly allProvenNotSent: boolean;
  /** Seconds since the first claim, by the database's clock. */
  readonly ageSeconds: number;
  /** Every earlier attempt that may have been sent was sent with the credential that this worker holds. */
  readonly isSameCredential: boolean;
  /** The moment has passed until which the PSP takes the request (`sendWithinSeconds`). */
  readonly isTooLateToSend: boolean;
}

/** Look up first unless nothing can have been sent before: an attempt that crashed recorded nothing but may have charged (rule 3). */
export function firstStepOf(history: AttemptHistory): 'look_up' | 'send' {
  return history.allProvenNotSent ? 'send' : 'look_up';
}

/**
 * Whether "not found" allows sending again under the same key (rule 4): only if the PSP deduplicates by reference, or by key
 * and is certain to remember the key when the request lands. Where a key counts for one credential only, the credential must
 * be the same (rule 23). An instruction is claimed only after the previous attempt's `not_before`, so
 * that attempt's request has landed and its charge is visible by now.
 *
 * @param sendWindowSeconds F: the longest this function can run, so the latest moment it may send at
 */
export function maySendAgain(
  history: AttemptHistory,
  abilities: OperationAbilities,
  sendWindowSeconds: number,
): boolean {
  if (abilities.lookUpLagSeconds === null || abilities.replaysStoredServerErrors) return false;
  if (history.isTooLateToSend) return false;
  // The PSP has accepted it: sending it again could make a second object beside the one that waits.
  if (history.awaits !== null) return false;
  if (abilities.deduplicatesByReference) return true;
  if (abilities.keyLifetimeSeconds === null) return false;
  if (abilities.keyScopeIncludesCredential && !history.isSameCredential) return false;
  return history.ageSeconds + sendWindowSeconds + abilities.maxInFlightSeconds < abilities.keyLifetimeSeconds;
}

/**
 * What follows a look-up of what waits for the buyer or the PSP, or of what is resolved:
 *
 * - the buyer has approved and only our request completes it: `confirm`;
 * - it has expired, or the buyer's action failed and could be repeated: `invalidate`, and never "failed" without that, even if
 *   the answer that it waits for a buyer was lost;
 * - it isn't found, and nothing may be sent any more: `invalidate`;
 * - else nothing.
 */
export function stepAfterLookUp(
  finding: PspFinding,
  { isExpired }: Pick<AttemptHistory, 'isExpired'>,
  { invalidatesByKey }: Pick<OperationAbilities, 'invalidatesByKey'>,
  isResolved: boolean,
): 'confirm' | 'invalidate' | 'none' {
  const invalidation = invalidatesByKey ? 'invalidate' : 'none';
  if (finding.kind === 'not_found') return isResolved || isExpired ? invalidation : 'none';
  if (finding.kind !== 'found') return 'none';
  const { outcome } = finding;
  switch (outcome.kind) {
    case 'succeeded':
      return 'none';
    case 'declined':
      return outcome.isFinal ? 'none' : invalidation;
    case 'requires_action':
      if (isExpired) return invalidation;
      return outcome.redirectUrl === null && !isResolved ? 'confirm' : 'none';
    case 'pending':
      return isExpired ? invalidation : 'none';
    default:
      return unreachable(outcome);
  }
}
