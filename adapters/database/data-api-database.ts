import {
  ExecuteStatementCommand,
  RDSDataClient,
  type RDSDataClientConfig,
  type SqlParameter,
} from '@aws-sdk/client-rds-data';
import { Sha256 } from '../sha256.ts';
import {
  AnswerTooLargeError,
  type Database,
  DatabaseError,
  DatabaseResumingError,
  type DatabaseRow,
  DatabaseUnreachableError,
  type JsonInput,
} from './database.ts';

/** Above the database's own `statement_timeout` of 4 s, so that a statement has ended before it is replayed. */
const REQUEST_TIMEOUT_MS = 6_000;
const CONNECTION_TIMEOUT_MS = 2_000;

/** Without the SDK's own retries: the protocol's replay is the only one. */
export function createRdsDataClient(config: RDSDataClientConfig = {}): RDSDataClient {
  return new RDSDataClient({
    ...config,
    // Nothing is added to the client later; resolving its steps anew for each call costs a tenth of the call.
    cacheMiddleware: true,
    sha256: Sha256,
    maxAttempts: 1,
    requestHandler: {
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
    },
  });
}

export interface DataApiOptions {
  readonly client: RDSDataClient;
  readonly clusterArn: string;
  readonly secretArn: string;
  readonly databaseName: string;
}

/** The database through the RDS Data API: one request per statement. */
export function createDataApiDatabase(options: DataApiOptions): Database {
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
        const { formattedRecords } = await options.client.send(command);
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

/** The one place where the Data API's errors become ours. */
export function translate(error: unknown): Error {
  if (!(error instanceof Error)) return new DatabaseUnreachableError(String(error));
  const { message } = error;
  if (error.name === 'DatabaseResumingException') return new DatabaseResumingError(message, { cause: error });
  // Newer answers are a DatabaseErrorException, older ones a BadRequestException; both say the SQLSTATE in the text.
  const sqlState = /SQLState: ([0-9A-Z]{5})/.exec(message)?.[1];
  if (sqlState !== undefined)
    return new DatabaseError(message, sqlState, constraintOf(message), { cause: error });
  if (/response size limit/i.test(message)) return new AnswerTooLargeError(message, { cause: error });
  return new DatabaseUnreachableError(`${error.name}: ${message}`, { cause: error });
}

/** PostgreSQL names the constraint in quotes, after the word. */
function constraintOf(message: string): string | undefined {
  return /constraint "([^"]+)"/.exec(message)?.[1];
}
