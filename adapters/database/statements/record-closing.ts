import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';
import { type FinishedAttempt, recordedRow, recordInput } from './record-attempts.ts';
import { RECORD_SQL } from './record-attempts-sql.ts';

/**
 * Ends a quarantined instruction by an operator's decision and logs who decided, in the same single statement as any
 * attempt: it is closed entirely or not at all. Safe to replay.
 *
 * @param attempt its `attemptNo` is one more than the instruction's when the operator looked
 * @returns false if it is no longer in quarantine, or was released and quarantined again since
 */
export async function recordClosing(
  database: Database,
  attempt: FinishedAttempt,
  operator: Operator,
): Promise<boolean> {
  const input = { mode: 'closing', ...recordInput([attempt], 0), operator: { ...operator } };
  const [row] = await database.execute(RECORD_SQL, input);
  return row !== undefined && recordedRow.parse(row).is_applied;
}
