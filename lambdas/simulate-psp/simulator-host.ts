import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SimulatorTable } from '../../adapters/dynamodb/simulator/simulator-table.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { createSecretReader, createSecretsClient } from '../../adapters/secrets/secret-reader.ts';
import { systemTime } from '../../adapters/time.ts';

const environment = readEnvironment(variables.simulatorHost);

/** What the simulated PSPs and their control address share: the record of all that was asked, and the keys to both. */
export const table = new SimulatorTable({
  client: new DynamoDBClient({ cacheMiddleware: true }),
  tableName: environment.SIMULATOR_TABLE_NAME,
  indexName: environment.SIMULATOR_INDEX_NAME,
});
export const secret = createSecretReader(
  createSecretsClient(),
  environment.SIMULATOR_SECRET_ARN,
  systemTime.now,
);
