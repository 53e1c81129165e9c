import type { RunningPostgres } from './start-postgres.ts';
import { withClient } from './with-client.ts';

/**
 * The cluster's master user as in Aurora: it can create roles and databases, owns the first database, and is no superuser.
 * Its password comes from its secret, as when CloudFormation creates the cluster.
 */
export async function provideMaster(
  postgres: RunningPostgres,
  { user, password }: { readonly user: string; readonly password: string },
): Promise<void> {
  await withClient({ connectionString: postgres.url }, async (client) => {
    const [master, database] = [user, postgres.database].map((name) => client.escapeIdentifier(name));
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [user]);
    if (rowCount === 0) {
      await client.query(`create role ${master} login createrole createdb`);
      await client.query(`grant pg_monitor, pg_signal_backend to ${master}`);
    }
    await client.query(`alter role ${master} password ${client.escapeLiteral(password)}`);
    await client.query(`do $$ begin
      if (select datdba = current_user::regrole from pg_database where datname = current_database()) then
        alter database ${database} owner to ${master};
      end if;
    end $$`);
  });
}
