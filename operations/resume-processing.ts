import type { Database } from '../adapters/database/database.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { resume } from '../adapters/database/statements/processing-pauses.ts';
import type { Activity } from '../adapters/dynamodb/activity.ts';

export interface ResumeEffects {
  readonly database: Database;
  readonly activity: Pick<Activity, 'touch'>;
}

/**
 * Ends a pause; the relay sends what waited within a minute.
 *
 * @param pauseId `all`, `psp:<name>` or `merchant:<id>`
 * @returns false when nothing was paused under this id
 */
export async function resumeProcessing(
  { database, activity }: ResumeEffects,
  pauseId: string,
  operator: Operator,
): Promise<boolean> {
  const isResumed = await resume(database, pauseId, operator);
  // Where the database sleeps, the relay looks only after activity. Always, so that a repeat mends a touch that failed.
  await activity.touch();
  return isResumed;
}
