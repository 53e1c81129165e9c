import pg from 'pg';
import { type BoundStatement, positionIn } from './bind-parameters.ts';
import { DataApiError, invalidRequest } from './errors.ts';

/** What a failed statement is answered with. */
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
  if (error.message.startsWith('COPY from stdin failed')) return unexpectedMessage('CopyInResponse');
  if (error.code.startsWith('57P')) return new DataApiError('DatabaseUnavailableException', error.message);
  return new DataApiError('DatabaseErrorException', described(error, error.code, statement));
}

/** The protocol of `copy` is not the Data API's: what the database sends is no answer to a statement. */
export function unexpectedMessage(name: 'CopyInResponse' | 'CopyOutResponse'): DataApiError {
  return new DataApiError('DatabaseErrorException', `unexpected message: ${name}`);
}

/**
 * `ERROR: …; Hint: …; Position: 15; SQLState: 42P01`, the parts that PostgreSQL gave. The detail is left out: it holds the
 * row's values, and no answer of a real cluster was seen with one.
 */
function described(error: pg.DatabaseError, code: string, statement: BoundStatement): string {
  return [
    `ERROR: ${error.message}`,
    ...(error.hint === undefined ? [] : [`Hint: ${error.hint}`]),
    ...(error.position === undefined ? [] : [`Position: ${positionIn(statement, Number(error.position))}`]),
    `SQLState: ${code}`,
  ].join('; ');
}
