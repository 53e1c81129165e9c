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
  const statements = new Map<string, Statement>();
  return {
    async execute(sql, input) {
      const statement = statements.get(sql) ?? statementOf(sql, statements.size);
      statements.set(sql, statement);
      try {
        const values = statement.name === undefined ? [] : [JSON.stringify(input)];
        const answer = await pool.query<Record<string, unknown>>({ ...statement, values });
        return answer.rows;
      } catch (error) {
        throw translate(error);
      }
    },
    close: () => pool.end(),
  };
}

/** As the driver takes it; one without an input is not prepared. */
interface Statement {
  readonly name?: string;
  readonly text: string;
}

function statementOf(sql: string, number: number): Statement {
  const text = sql.replaceAll(':input', '$1');
  return text === sql ? { text } : { name: `statement_${number}`, text };
}

function translate(error: unknown): Error {
  if (error instanceof pg.DatabaseError && error.code !== undefined) {
    return new DatabaseError(error.message, error.code, error.constraint, { cause: error });
  }
  return new DatabaseUnreachableError(error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
