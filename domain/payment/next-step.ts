import type { OperationAbilities } from './psp-abilities.ts';

/** What a claim returns about earlier attempts. */
export interface AttemptHistory {
  /** Every earlier attempt is recorded as proven never to have reached the PSP; true for the first attempt. */
  readonly allProvenNotSent: boolean;
  /** Seconds since the first claim, by the database's clock. */
  readonly ageSeconds: number;
  /** Every earlier attempt that may have been sent was sent with the credential that this worker holds. */
  readonly isSameCredential: boolean;
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
  if (abilities.deduplicatesByReference) return true;
  if (abilities.keyLifetimeSeconds === null) return false;
  if (abilities.keyScopeIncludesCredential && !history.isSameCredential) return false;
  return history.ageSeconds + sendWindowSeconds + abilities.maxInFlightSeconds < abilities.keyLifetimeSeconds;
}
