import pg from 'pg';
import { type BoundStatement, positionIn } from './bind-parameters.ts';
import { DataApiError, invalidRequest } from './errors.ts';

/** The answer to a failed statement. */
export function statementError(error: unknown, statement: BoundStatement): Error {
  if (error instanceof DataApiError) return error;
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) {
    const message = error instanceof Error ? error.message : String(error);
    return new DataApiError(
      'DatabaseUnavailableException',
      `The connection to the database was lost: ${message}`,
    );
  }
  if (error.code === '42601' && error.message.includes('multiple commands')) {
    return invalidRequest("Multistatements aren't supported.");
  }
  if (isCopyIn(error)) return unexpectedMessage('CopyInResponse');
  if (error.code.startsWith('57P')) return new DataApiError('DatabaseUnavailableException', error.message);
  return new DataApiError('DatabaseErrorException', described(error, error.code, statement));
}

/**
 * The driver refuses to send rows. The database has passed over the end of the driver's message by then and waits for
 * another: the session answers nothing more.
 */
export function isCopyIn(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.message.startsWith('COPY from stdin failed');
}

/** The Data API doesn't implement the protocol of `copy`: the database's message is no answer to a statement. */
export function unexpectedMessage(name: 'CopyInResponse' | 'CopyOutResponse'): DataApiError {
  return new DataApiError('DatabaseErrorException', `unexpected message: ${name}`);
}

/**
 * `ERROR: …; Hint: …; Position: 15; SQLState: 42P01`, the parts that PostgreSQL returned. The detail is left out: it contains
 * the row's values, and no observed answer of a real cluster had one.
 */
function described(error: pg.DatabaseError, code: string, statement: BoundStatement): string {
  return [
    `ERROR: ${error.message}`,
    ...(error.hint === undefined ? [] : [`Hint: ${error.hint}`]),
    ...(error.position === undefined ? [] : [`Position: ${positionIn(statement, Number(error.position))}`]),
    `SQLState: ${code}`,
  ].join('; ');
}
