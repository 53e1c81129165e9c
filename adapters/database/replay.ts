import { type Database, DatabaseError, DatabaseUnreachableError } from './database.ts';

/** Serialization failure, deadlock, cancelled by the statement's own time-out: nothing was written. */
const TRANSIENT_SQLSTATES: ReadonlySet<string> = new Set(['40001', '40P01', '57014']);
/** One replay fits into the executor's time-out, two don't: a statement may take 6 s (see timing). */
const REPLAYS = 1;

/**
 * Replays a statement once when it failed for a passing reason, or when no answer came: every statement that goes
 * through here is safe to replay (rule 6). A database that resumes takes longer than a caller waits; it passes through.
 */
export function withReplay(database: Database): Database {
  return {
    async execute(sql, input) {
      for (let replay = 0; ; replay += 1) {
        try {
          return await database.execute(sql, input);
        } catch (error) {
          if (replay >= REPLAYS || !isWorthReplaying(error)) throw error;
        }
      }
    },
  };
}

function isWorthReplaying(error: unknown): boolean {
  if (error instanceof DatabaseUnreachableError) return true;
  return error instanceof DatabaseError && TRANSIENT_SQLSTATES.has(error.sqlState);
}
