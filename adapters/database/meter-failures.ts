import type { Meter } from '../metrics/meter.ts';
import { type Database, DatabaseError, DatabaseUnreachableError } from './database.ts';

/** Counts statements that failed for the database's own reasons, after their replays. */
export function meterFailures(database: Database, meter: Meter): Database {
  return {
    async execute(sql, input) {
      try {
        return await database.execute(sql, input);
      } catch (error) {
        if (isDatabasesFault(error)) meter.put('StatementsFailed', 1);
        throw error;
      }
    },
  };
}

/** Not a refused value or constraint (classes 22 and 23): those are answers. */
function isDatabasesFault(error: unknown): boolean {
  if (error instanceof DatabaseUnreachableError) return true;
  return error instanceof DatabaseError && !/^2[23]/.test(error.sqlState);
}
