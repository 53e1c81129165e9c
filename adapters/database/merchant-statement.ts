import { createHash } from 'node:crypto';

/**
 * A statement on behalf of one merchant, kept in the database as a function of its own. Row-level security needs the
 * merchant to be set before the rows are looked at, which no single statement can promise; a function sets it, then
 * runs the statement. Its name bears a hash of its text: while a deployment is under way, old code calls the old one
 * and new code the new.
 */
export interface MerchantStatement {
  readonly name: string;
  /** What callers execute; `:input` must hold `merchant_id`. */
  readonly sql: string;
  /** Makes the function; safe to repeat. */
  readonly definition: string;
  /** What the function runs once the merchant is set: whoever wants to see its plan needs it. */
  readonly text: string;
}

const HASH_LENGTH = 12;

/** @param columns what comes out, as in `returns table (…)` */
export function merchantStatement(name: string, columns: string, text: string): MerchantStatement {
  const rest = `(input jsonb) returns table (${columns})
language plpgsql as $statement$${bodyOf(text.replaceAll(':input::jsonb', '$1'))}$statement$`;
  const hash = createHash('sha256').update(rest).digest('hex').slice(0, HASH_LENGTH);
  return {
    name: `${name}_${hash}`,
    sql: `select * from ${name}_${hash}(:input::jsonb)`,
    definition: `create or replace function ${name}_${hash}${rest}`,
    text,
  };
}

/** The setting ends with the transaction; outside one it is empty, and no merchant is. */
function bodyOf(statement: string): string {
  return `
#variable_conflict use_column
begin
  if coalesce($1 ->> 'merchant_id', '') = '' then
    raise exception 'the input names no merchant' using errcode = '22023';
  end if;
  perform set_config('oncepay.merchant_id', $1 ->> 'merchant_id', true);
  return query
${statement};
end `;
}
