import type { SqlTransaction } from '../transaction.ts';
import { storeStatements } from './store-statements.ts';

/** What follows the migrations in their transaction: this code's stored statements, and the seal on all of it. */
export async function finishMigration(transaction: SqlTransaction): Promise<void> {
  await storeStatements(transaction);
  await transaction.execute(RENEW_SQL, {});
  await transaction.execute(FORGET_SQL, {});
}

const RENEW_SQL = `
insert into schema_seal as s (guard, state)
select guard, state from schema_guard
on conflict (guard) do update set state = excluded.state
where s.state is distinct from excluded.state
`;

const FORGET_SQL = 'delete from schema_seal where guard not in (select guard from schema_guard)';
