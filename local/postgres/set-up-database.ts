import { type Migration, migrate, readMigrations } from '../../adapters/database/migrate.ts';
import { finishMigration } from '../../adapters/database/set-up/finish-migration.ts';
import { setUpRoles } from '../../adapters/database/set-up/roles.ts';
import { inTransaction } from '../../adapters/database/transaction.ts';
import { beginPostgresTransaction } from './postgres-transaction.ts';

const DIRECTORY = new URL('../../db/migrations/', import.meta.url);

/**
 * Creates roles, schema and stored statements directly on PostgreSQL, without a Data API: the logins have no passwords.
 *
 * @param url of a user that may create roles and owns the database, or of a superuser
 * @returns the names of the migrations applied
 */
export async function setUpDatabase(
  url: string,
  migrations: readonly Migration[] = readMigrations(DIRECTORY),
): Promise<readonly string[]> {
  const begin = () => beginPostgresTransaction(url);
  await inTransaction(begin, setUpRoles);
  return migrate(migrations, begin, finishMigration);
}
