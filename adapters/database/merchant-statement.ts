import { createHash } from 'node:crypto';

/**
 * A statement on behalf of one merchant, stored in the database as a function. Row-level security needs the merchant to be
 * set before any row is read, which a single statement can't guarantee, so the function sets it and then runs the statement.
 * The function's name contains a hash of its text: during a deployment old code calls the old function, new code the new one.
 */
export interface MerchantStatement {
  readonly name: string;
  /** What callers execute; `:input` must hold `merchant_id`. */
  readonly sql: string;
  /** Creates the function; safe to repeat. */
  readonly definition: string;
  /** The statement that the function runs, for tests that look at its plan. */
  readonly text: string;
}

const HASH_LENGTH = 12;

/** @param columns what comes out, as in `returns table (…)` */
export function merchantStatement(name: string, columns: string, text: string): MerchantStatement {
  const steps = `
  return query
${text.replaceAll(':input::jsonb', '$1')};`;
  return { ...merchantFunction(name, columns, '', steps), text };
}

/** For what takes more than one step. @param steps in PL/pgSQL; `$1` is the input */
export function merchantFunction(
  name: string,
  columns: string,
  declarations: string,
  steps: string,
): MerchantStatement {
  const rest = `(input jsonb) returns table (${columns})
language plpgsql as $statement$${bodyOf(declarations, steps)}$statement$`;
  const hash = createHash('sha256').update(rest).digest('hex').slice(0, HASH_LENGTH);
  return {
    name: `${name}_${hash}`,
    sql: `select * from ${name}_${hash}(:input::jsonb)`,
    definition: `create or replace function ${name}_${hash}${rest}`,
    text: steps,
  };
}

/** The setting ends with the transaction; outside one it is empty, and no merchant is. */
function bodyOf(declarations: string, steps: string): string {
  return `
#variable_conflict use_column
declare${declarations}
begin
  if coalesce($1 ->> 'merchant_id', '') = '' then
    raise exception 'the input names no merchant' using errcode = '22023';
  end if;
  perform set_config('oncepay.merchant_id', $1 ->> 'merchant_id', true);${steps}
end `;
}
