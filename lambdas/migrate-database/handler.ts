import { setTimeout as sleep } from 'node:timers/promises';
import middy from '@middy/core';
import {
  beginDataApiTransaction,
  createPatientClient,
  whenAwake,
} from '../../adapters/database/data-api-transaction.ts';
import { migrate, readMigrations } from '../../adapters/database/migrate.ts';
import { finishMigration } from '../../adapters/database/set-up/finish-migration.ts';
import { setUpRoles } from '../../adapters/database/set-up/roles.ts';
import { inTransaction } from '../../adapters/database/transaction.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { logger, logInvocation } from '../middleware/logger.ts';

const environment = readEnvironment(variables.database);
const options = {
  client: createPatientClient(),
  clusterArn: environment.DATABASE_CLUSTER_ARN,
  secretArn: environment.DATABASE_SECRET_ARN,
  databaseName: environment.DATABASE_NAME,
};

/** The build copies db/migrations beside the bundle. */
const DIRECTORY = new URL('./migrations/', import.meta.url);

async function migrateDatabase(): Promise<{ readonly applied: readonly string[] }> {
  const begin = () => whenAwake(() => beginDataApiTransaction(options), sleep);
  await inTransaction(begin, setUpRoles);
  const applied = await migrate(readMigrations(DIRECTORY), begin, finishMigration);
  logger.info('migrations applied', { applied });
  return { applied };
}

export const handler = middy<unknown, { readonly applied: readonly string[] }>()
  .use(logInvocation())
  .handler(migrateDatabase);
