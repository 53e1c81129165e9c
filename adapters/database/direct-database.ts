import pg from 'pg';
import { type Database, DatabaseError, DatabaseUnreachableError } from './database.ts';

export interface DirectDatabase extends Database {
  close(): Promise<void>;
}

/** The same port straight to PostgreSQL, for tests and benchmarks: each statement prepared once per connection. */
export function createDirectDatabase(url: string, connections = 8): DirectDatabase {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  // An idle connection that breaks is replaced by the pool; the statement that needs it will tell.
  pool.on('error', () => {});
  const names = new Map<string, string>();
  return {
    async execute(sql, input) {
      const name = names.get(sql) ?? `statement_${names.size}`;
      names.set(sql, name);
      const takesInput = sql.includes(':input');
      try {
        const answer = await pool.query<Record<string, unknown>>({
          ...(takesInput ? { name } : {}),
          text: sql.replaceAll(':input', '$1'),
          values: takesInput ? [JSON.stringify(input)] : [],
        });
        return answer.rows;
      } catch (error) {
        throw translate(error);
      }
    },
    close: () => pool.end(),
  };
}

function translate(error: unknown): Error {
  if (error instanceof pg.DatabaseError && error.code !== undefined) {
    return new DatabaseError(error.message, error.code, error.constraint, { cause: error });
  }
  return new DatabaseUnreachableError(error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
