import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';
import { type AttemptRecord, recordedRow, recordingOf } from './record-attempts.ts';
import { recordSql } from './record-attempts-sql.ts';

/**
 * Ends a quarantined instruction by an operator's word, which it notes with him: one statement, so that whoever is stopped
 * in the middle has either closed it or not. Safe to replay.
 *
 * @param record its `attemptNo` is one more than the instruction's was when the operator looked
 * @returns false where it isn't in quarantine any more, or was let go and came back since
 */
export async function recordClosing(
  database: Database,
  record: AttemptRecord,
  operator: Operator,
): Promise<boolean> {
  const [row] = await database.execute(CLOSE_SQL, { ...recordingOf([record], 0), operator: { ...operator } });
  return row !== undefined && recordedRow.parse(row).stands;
}

/**
 * An operator's attempt has no claim: it begins and ends in this statement, behind a fence of its
 * own, and counts as the attempt after the one that was last when he looked. A word that came too late is evidence of
 * nothing.
 */
export const CLOSE_SQL = recordSql({
  fence: `i.attempt_no = r.attempt_no - 1 and i.state = 'quarantined'`,
  isEvidence: 'r.instruction_id in (select instruction_id from locked)',
  alsoSet: 'attempt_no = r.attempt_no, claim_token = r.claim_token,',
  alsoDo: `,
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select a.instruction_id, 'closed', o.actor, o.reason, o.origin, moment.now
  from applied a, moment, parameter, jsonb_to_record(p -> 'operator') as o(actor text, reason text, origin text)
)`,
});
