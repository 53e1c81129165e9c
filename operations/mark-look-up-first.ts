import type { Database } from '../adapters/database/database.ts';
import { LOOK_UP_FIRST_LIMIT, markLookUpFirst } from '../adapters/database/statements/look-up-first.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import type { Activity } from '../adapters/dynamodb/activity.ts';
import { TIMING } from '../domain/payment/timing.ts';

/** By then any request made after the restored point has landed and its charge is visible: lease + Z + W of any PSP. */
const PROPAGATION_SECONDS =
  TIMING.leaseSeconds + TIMING.defaultMaxInFlightSeconds + TIMING.defaultLookUpLagSeconds;

export interface LookUpFirstEffects {
  readonly database: Database;
  readonly activity: Pick<Activity, 'touch'>;
  progress(marked: number): void;
}

/**
 * After a restore to an earlier point: marks all open instructions, so that each PSP is looked up before anything is
 * sent. Safe to repeat.
 *
 * @returns how many were marked
 */
export async function markAllLookUpFirst(
  { database, activity, progress }: LookUpFirstEffects,
  operator: Operator,
): Promise<number> {
  let marked = 0;
  for (let batch = LOOK_UP_FIRST_LIMIT; batch === LOOK_UP_FIRST_LIMIT; ) {
    batch = await markLookUpFirst(database, PROPAGATION_SECONDS, operator);
    marked += batch;
    progress(marked);
  }
  await activity.touch();
  return marked;
}
