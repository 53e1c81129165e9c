import type { RDSDataClient } from '@aws-sdk/client-rds-data';
import { createDataApiDatabase, type DataApiOptions } from '../../adapters/database/data-api-database.ts';
import {
  beginDataApiTransaction,
  TRANSACTION_DEADLINE_MS,
} from '../../adapters/database/data-api-transaction.ts';
import { DatabaseResumingError } from '../../adapters/database/database.ts';
import { type Migration, migrate } from '../../adapters/database/migrate.ts';
import { finishMigration } from '../../adapters/database/set-up/finish-migration.ts';
import { DUTIES, type Duty } from '../../adapters/database/set-up/logins.ts';
import { ONE_AT_A_TIME } from '../../adapters/database/set-up/one-at-a-time.ts';
import { setUpRoles } from '../../adapters/database/set-up/roles.ts';
import { scramVerifier } from '../../adapters/database/set-up/scram.ts';
import { inTransaction } from '../../adapters/database/transaction.ts';
import { loginOf, type Secrets } from '../../adapters/secrets/secrets.ts';

export interface SetUpOptions {
  readonly client: RDSDataClient;
  readonly clusterArn: string;
  readonly databaseName: string;
  readonly masterSecretArn: string;
  readonly loginSecretArns: Readonly<Record<Duty, string>>;
  readonly secrets: Secrets;
  /** 16 random bytes, new each time. */
  readonly salt: () => Buffer;
  readonly whenAwake: <T>(work: () => Promise<T>) => Promise<T>;
}

export interface SetUpReport {
  readonly applied: readonly string[];
  /** The logins that got a password; none if repeated. */
  readonly passwordsSet: readonly string[];
}

/**
 * Runs in every deployment before its code serves; safe to repeat and to run concurrently. The master creates the logins; each
 * gets the password in its secret, unless it can already log in with it; then the login `migrate` takes over, and the master
 * isn't used again.
 */
export async function setUpDatabase(
  migrations: readonly Migration[],
  options: SetUpOptions,
): Promise<SetUpReport> {
  const asMaster = targetOf(options, options.masterSecretArn);
  await inTransaction(() => options.whenAwake(() => beginDataApiTransaction(asMaster)), setUpRoles);
  const passwordsSet: string[] = [];
  for (const duty of DUTIES) {
    const login = await provideLogin(options, duty);
    if (login !== undefined) passwordsSet.push(login);
  }
  const asMigrating = targetOf(options, options.loginSecretArns.migrate);
  const applied = await migrate(migrations, () => beginDataApiTransaction(asMigrating), finishMigration);
  return { applied, passwordsSet };
}

function targetOf({ client, clusterArn, databaseName }: SetUpOptions, secretArn: string): DataApiOptions {
  return { client, clusterArn, secretArn, databaseName, deadlineMs: TRANSACTION_DEADLINE_MS };
}

/** @returns the login that got its password; undefined if it could already log in */
async function provideLogin(options: SetUpOptions, duty: Duty): Promise<string | undefined> {
  const secretArn = options.loginSecretArns[duty];
  if (await canLogIn(options, secretArn)) return undefined;
  const { username, password } = loginOf(await options.secrets.get(secretArn));
  const asMaster = targetOf(options, options.masterSecretArn);
  const isSet = await inTransaction(
    () => beginDataApiTransaction(asMaster),
    async (transaction) => {
      for (const statement of ONE_AT_A_TIME) await transaction.execute(statement, {});
      // Another deployment may have set it meanwhile; PostgreSQL refuses concurrent changes of a role.
      if (await canLogIn(options, secretArn)) return false;
      const verifier = scramVerifier(password, options.salt());
      await transaction.execute(`alter role "${username}" password '${verifier}'`, {});
      return true;
    },
  );
  await createDataApiDatabase(targetOf(options, secretArn)).execute('select 1 as well', {});
  return isSet ? username : undefined;
}

/** Any other cause that prevents the login shows again after its password is set. */
async function canLogIn(options: SetUpOptions, secretArn: string): Promise<boolean> {
  try {
    await createDataApiDatabase(targetOf(options, secretArn)).execute('select 1 as well', {});
    return true;
  } catch (error) {
    if (error instanceof DatabaseResumingError) throw error;
    return false;
  }
}
