import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import middy from '@middy/core';
import { createLongRunningClient, whenAwake } from '../../adapters/database/data-api-transaction.ts';
import { readMigrations } from '../../adapters/database/migrate.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { createSecrets } from '../../adapters/secrets/secrets.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { setUpDatabase } from './set-up-database.ts';

const environment = readEnvironment({ ...variables.databaseAddress, ...variables.databaseSetUp });

/** The build copies db/migrations beside the bundle. */
const DIRECTORY = new URL('./migrations/', import.meta.url);

async function migrateDatabase(): Promise<{ readonly applied: readonly string[] }> {
  const report = await setUpDatabase(readMigrations(DIRECTORY), {
    client: createLongRunningClient(),
    clusterArn: environment.DATABASE_CLUSTER_ARN,
    databaseName: environment.DATABASE_NAME,
    masterSecretArn: environment.MASTER_SECRET_ARN,
    loginSecretArns: environment.LOGIN_SECRET_ARNS,
    secrets: createSecrets(),
    salt: () => randomBytes(16),
    whenAwake: (work) => whenAwake(work, sleep),
  });
  logger.info('migrations applied', { ...report });
  return { applied: report.applied };
}

export const handler = middy<unknown, { readonly applied: readonly string[] }>()
  .use(logInvocation())
  .handler(migrateDatabase);
