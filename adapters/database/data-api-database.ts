import {
  ExecuteStatementCommand,
  RDSDataClient,
  type RDSDataClientConfig,
  type SqlParameter,
} from '@aws-sdk/client-rds-data';
import { TIMING } from '../../domain/payment/timing.ts';
import { Sha256 } from '../sha256.ts';
import { within } from '../within.ts';
import {
  AnswerTooLargeError,
  type Database,
  DatabaseError,
  DatabaseResumingError,
  type DatabaseRow,
  DatabaseUnreachableError,
  type JsonInput,
} from './database.ts';

/**
 * From the request to the last byte of its answer; what the timing's inequalities count for a statement. Above the
 * database's own `statement_timeout` of 4 s, so that a statement has ended before it is replayed.
 */
const STATEMENT_DEADLINE_MS = TIMING.statementDeadlineSeconds * 1_000;
const CONNECTION_TIMEOUT_MS = 2_000;

/** A request is cut off when its answer hasn't begun in time, or stops for as long; without `throw…` it would only be warned of. */
export function handlerOptions(timeoutMs: number) {
  return {
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: timeoutMs,
    throwOnRequestTimeout: true,
    socketTimeout: timeoutMs,
  };
}

/** Without the SDK's own retries: the protocol's replay is the only one. */
export function createRdsDataClient(config: RDSDataClientConfig = {}): RDSDataClient {
  return new RDSDataClient({
    ...config,
    // Nothing is added to the client later; resolving its steps anew for each call costs a tenth of the call.
    cacheMiddleware: true,
    sha256: Sha256,
    maxAttempts: 1,
    requestHandler: handlerOptions(STATEMENT_DEADLINE_MS),
  });
}

export interface DataApiOptions {
  readonly client: RDSDataClient;
  readonly clusterArn: string;
  readonly secretArn: string;
  readonly databaseName: string;
  /** How long a statement may take, including connecting and reading; by default the pipeline's statement deadline. */
  readonly deadlineMs?: number;
}

/** The database through the RDS Data API: one request per statement. */
export function createDataApiDatabase(options: DataApiOptions): Database {
  const { deadlineMs = STATEMENT_DEADLINE_MS } = options;
  return {
    async execute(sql, input) {
      const command = new ExecuteStatementCommand({
        resourceArn: options.clusterArn,
        secretArn: options.secretArn,
        database: options.databaseName,
        sql,
        parameters: parametersOf(sql, input),
        formatRecordsAs: 'JSON',
      });
      try {
        const { formattedRecords } = await within(deadlineMs, options.client.send(command));
        return rowsOf(formattedRecords);
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

/** The one parameter, where the statement takes it: the Data API refuses one that isn't used. */
export function parametersOf(sql: string, input: JsonInput): SqlParameter[] {
  return sql.includes(':input') ? [{ name: 'input', value: { stringValue: JSON.stringify(input) } }] : [];
}

export function rowsOf(formatted: string | undefined): readonly DatabaseRow[] {
  const rows: unknown = formatted === undefined || formatted === '' ? [] : JSON.parse(formatted);
  if (!Array.isArray(rows))
    throw new DatabaseUnreachableError('the Data API answered something other than rows');
  return rows;
}

/** The only place where the Data API's errors are translated into ours. */
export function translate(error: unknown): Error {
  if (!(error instanceof Error)) return new DatabaseUnreachableError(String(error));
  const { message } = error;
  if (error.name === 'DatabaseResumingException') return new DatabaseResumingError(message, { cause: error });
  // Newer answers are a DatabaseErrorException, older ones a BadRequestException; both say the SQLSTATE in the text.
  const sqlState = /SQLState: ([0-9A-Z]{5})/.exec(message)?.[1];
  if (sqlState !== undefined)
    return new DatabaseError(message, sqlState, constraintOf(message), { cause: error });
  if (isTooLarge(error)) return new AnswerTooLargeError(message, { cause: error });
  return new DatabaseUnreachableError(`${error.name}: ${message}`, { cause: error });
}

/**
 * By the class first, whose wording may change: Aurora Serverless v2 throws UnsupportedResultException for an answer that is
 * too large ("The result exceeds the size limit 1 MB.") or that holds a type or array which it doesn't return. Serverless
 * v1 and AWS's pages have a BadRequestException: "Database returned more than the allowed response size limit",
 * "Database response exceeded size limit", and for a row "Packet for query is too large".
 */
function isTooLarge({ name, message }: Error): boolean {
  if (name === 'UnsupportedResultException')
    return !/unsupported data type|multidimensional array/i.test(message);
  return /size limit|packet for query is too large/i.test(message);
}

/** PostgreSQL names the constraint in quotes, after the word. */
function constraintOf(message: string): string | undefined {
  return /constraint "([^"]+)"/.exec(message)?.[1];
}
