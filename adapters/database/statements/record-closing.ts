import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';
import { type FinishedAttempt, recordedRow, recordInput } from './record-attempts.ts';
import { RECORD_SQL } from './record-attempts-sql.ts';

/**
 * Ends a quarantined instruction by an operator's word, which it notes with him: the same statement as for any attempt, so
 * that whoever is stopped in the middle has either closed it or not. Safe to replay.
 *
 * @param attempt its `attemptNo` is one more than the instruction's was when the operator looked
 * @returns false where it isn't in quarantine any more, or was let go and came back since
 */
export async function recordClosing(
  database: Database,
  attempt: FinishedAttempt,
  operator: Operator,
): Promise<boolean> {
  const input = { mode: 'closing', ...recordInput([attempt], 0), operator: { ...operator } };
  const [row] = await database.execute(RECORD_SQL, input);
  return row !== undefined && recordedRow.parse(row).stands;
}
