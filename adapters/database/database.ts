/** A JSON value as PostgreSQL's `jsonb` takes it. Amounts cross as text: the Data API's numbers lose digits past 2^53. */
export type JsonInput =
  | null
  | boolean
  | number
  | string
  | readonly JsonInput[]
  | { readonly [key: string]: JsonInput | undefined };

/** One row, column name to value. Statements return only text, int4, boolean and null; JSON comes as text. */
export type DatabaseRow = Readonly<Record<string, unknown>>;

/**
 * The one way to the database: one SQL statement with one JSON parameter, named `:input` in the text.
 *
 * Every write that goes through it must be safe to replay, because a timed-out write may have been committed.
 *
 * @throws DatabaseError when PostgreSQL refuses the statement; carries the SQLSTATE.
 * @throws DatabaseResumingError while Aurora wakes from zero capacity.
 * @throws AnswerTooLargeError when the rows exceed what one answer may hold (1 MiB on the Data API).
 * @throws DatabaseUnreachableError when no answer came: the statement may or may not have been committed.
 */
export interface Database {
  execute(sql: string, input: JsonInput): Promise<readonly DatabaseRow[]>;
}

export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly sqlState: string;
  /** The violated constraint, where the message names one. */
  readonly constraint: string | undefined;

  constructor(message: string, sqlState: string, constraint: string | undefined, options?: ErrorOptions) {
    super(message, options);
    this.sqlState = sqlState;
    this.constraint = constraint;
  }
}

/** Thrown while Aurora resumes after an auto-pause; the caller answers 503 with `Retry-After` or backs off. */
export class DatabaseResumingError extends Error {
  override readonly name = 'DatabaseResumingError';
}

/** Thrown when no answer came in time or the connection broke: the write is ambiguous and must be replayed. */
export class DatabaseUnreachableError extends Error {
  override readonly name = 'DatabaseUnreachableError';
}

/** Thrown when the statement's rows don't fit into one answer; nothing was lost, ask for fewer. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError';
}
