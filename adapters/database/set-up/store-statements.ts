import type { MerchantStatement } from '../merchant-statement.ts';
import { ACCEPT } from '../statements/accept-payment.ts';
import { TRIAL_BALANCE, WALLET } from '../statements/read-ledger.ts';
import { LIST, ONE } from '../statements/read-payments.ts';
import type { SqlTransaction } from '../transaction.ts';

interface StoredStatement {
  readonly statement: MerchantStatement;
  /** Who may call it, beside the owner. */
  readonly callers: readonly string[];
}

const READERS = ['oncepay_read', 'oncepay_operate'];

const STATEMENTS: readonly StoredStatement[] = [
  { statement: ACCEPT, callers: ['oncepay_accept'] },
  ...[ONE, LIST, WALLET, TRIAL_BALANCE].map((statement) => ({ statement, callers: READERS })),
];

/**
 * Keeps the statements that this code runs on behalf of a merchant, after the migrations and with them in one
 * transaction. Those of other versions stay as long as such code may be in service, or come back by a roll-back.
 */
export async function storeStatements(transaction: SqlTransaction): Promise<void> {
  for (const { statement, callers } of STATEMENTS) {
    await transaction.execute(statement.definition, {});
    await transaction.execute(`revoke all on function ${statement.name}(jsonb) from public`, {});
    await transaction.execute(
      `grant execute on function ${statement.name}(jsonb) to ${callers.join(', ')}`,
      {},
    );
  }
  const names = STATEMENTS.map(({ statement }) => statement.name);
  await transaction.execute(NOTE_SQL, { names });
  await transaction.execute(DROP_SQL, {});
}

const NOTE_SQL = `
with given as materialized (
  select jsonb_array_elements_text(:input::jsonb -> 'names') as name
),
superseded as (
  update stored_statement s
  set superseded_at = coalesce(s.superseded_at, now())
  where s.name not in (select name from given)
)
insert into stored_statement (name, superseded_at)
select name, null from given
on conflict (name) do update set superseded_at = null
`;

/** A roll-back comes within hours of its deployment; a week is more than any takes. */
const DROP_SQL = `
do $$
declare
  old text;
begin
  for old in delete from stored_statement where superseded_at < now() - interval '7 days' returning name loop
    execute format('drop function if exists %I(jsonb)', old);
  end loop;
end $$
`;
