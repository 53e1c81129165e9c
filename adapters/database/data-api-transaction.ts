import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  RDSDataClient,
  type RDSDataClientConfig,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';
import { type DataApiOptions, handlerOptions, parametersOf, rowsOf, translate } from './data-api-database.ts';
import { DatabaseResumingError } from './database.ts';
import type { SqlTransaction } from './transaction.ts';

/** Longer than the Data API's own 45 s: a client that gives up earlier leaves the statement running. */
export const TRANSACTION_DEADLINE_MS = 60_000;

export function createLongRunningClient(config: RDSDataClientConfig = {}): RDSDataClient {
  return new RDSDataClient({
    ...config,
    maxAttempts: 1,
    requestHandler: handlerOptions(TRANSACTION_DEADLINE_MS),
  });
}

/** A transaction of the Data API; the database drops it three minutes after its last statement. */
export async function beginDataApiTransaction(options: DataApiOptions): Promise<SqlTransaction> {
  const { client, clusterArn: resourceArn, secretArn, databaseName: database } = options;
  const begun = await client
    .send(new BeginTransactionCommand({ resourceArn, secretArn, database }))
    .catch(rethrow);
  const { transactionId } = begun;
  return {
    async execute(sql, input) {
      const parameters = parametersOf(sql, input);
      const formatRecordsAs = 'JSON';
      const target = { resourceArn, secretArn, database, transactionId };
      const answer = await client
        .send(new ExecuteStatementCommand({ ...target, sql, parameters, formatRecordsAs }))
        .catch(rethrow);
      return rowsOf(answer.formattedRecords);
    },
    async commit() {
      await client
        .send(new CommitTransactionCommand({ resourceArn, secretArn, transactionId }))
        .catch(rethrow);
    },
    async rollback() {
      await client
        .send(new RollbackTransactionCommand({ resourceArn, secretArn, transactionId }))
        .catch(rethrow);
    },
  };
}

function rethrow(error: unknown): never {
  throw translate(error);
}

/** Aurora resumes in about 15 s, sometimes 40; past two minutes it is something else. */
const RESUME_TRIES = 24;
const RESUME_WAIT_MS = 5_000;

/**
 * Runs `work` until the database is awake.
 *
 * @throws DatabaseResumingError when it isn't after two minutes
 */
export async function whenAwake<T>(
  work: () => Promise<T>,
  sleep: (milliseconds: number) => Promise<void>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DatabaseResumingError) || tries >= RESUME_TRIES) throw error;
      await sleep(RESUME_WAIT_MS);
    }
  }
}
