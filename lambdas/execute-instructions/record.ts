import { DatabaseError } from '../../adapters/database/database.ts';
import {
  type AttemptRecord,
  PLATFORM_SHARDS,
  type RecordedAttempt,
  recordAttempts,
} from '../../adapters/database/statements/record-attempts.ts';
import { manualReview } from '../../domain/payment/decide.ts';
import type { ExecutorEffects } from './effects.ts';

/** Row by row where one of the ten can't be written, so that never ten are lost because of one (rule 6). */
export async function record(
  records: readonly AttemptRecord[],
  effects: ExecutorEffects,
): Promise<readonly RecordedAttempt[]> {
  try {
    return await recordAttempts(
      effects.database,
      records,
      Math.floor(effects.ids.random() * PLATFORM_SHARDS),
    );
  } catch (error) {
    const [first] = records;
    effects.log.warn('attempts could not be recorded', {
      error,
      records: records.length,
      correlation_ids: records.flatMap(({ correlationId }) => correlationId ?? []),
    });
    if (!isRefusedData(error) || first === undefined) return [];
    if (records.length === 1) return recordForReview(first, error, effects);
    const rows: RecordedAttempt[] = [];
    for (const attempt of records) rows.push(...(await record([attempt], effects)));
    return rows;
  }
}

async function recordForReview(
  attempt: AttemptRecord,
  cause: DatabaseError,
  effects: ExecutorEffects,
): Promise<readonly RecordedAttempt[]> {
  const transition = manualReview(`can't be recorded: ${cause.message}`);
  // It may be the evidence itself that can't be written: then at least that there was some.
  const bare = attempt.steps.map((step) => ({ ...step, detail: {} }));
  for (const steps of [attempt.steps, bare]) {
    try {
      return await recordAttempts(effects.database, [{ ...attempt, transition, steps }], 0);
    } catch (error) {
      const ids = { instruction_id: attempt.instructionId, correlation_id: attempt.correlationId };
      effects.log.warn('an attempt could not even be put to review', { error, ...ids });
      if (!isRefusedData(error)) return [];
    }
  }
  return [];
}

/** SQLSTATE classes 22 (data) and 23 (constraint): replaying the same rows would fail the same way. */
function isRefusedData(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && /^2[23]/.test(error.sqlState);
}
