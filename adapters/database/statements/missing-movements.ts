import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import { OVERLAP_SECONDS } from './sweep-period.ts';

const row = z.object({ looked_at: z.int(), missing: z.int() });

export interface MissingMovements {
  /** Movements that were looked at, of whatever account: as many as the limit where there may be more. */
  readonly lookedAt: number;
  /** Those that the PSP has not listed. */
  readonly missing: number;
}

/**
 * Notes our movements that the PSP's list of a closed period lacks. Each is looked at once, by its id, when its entry can no
 * longer be expected. Safe to replay.
 */
export async function noteMissingMovements(
  database: Database,
  pspAccount: string,
  limit: number,
): Promise<MissingMovements> {
  const [found] = await database.execute(MISSING_SQL, {
    psp_account: pspAccount,
    limit,
    late_seconds: OVERLAP_SECONDS,
  });
  const { looked_at: lookedAt, missing } = row.parse(found);
  return { lookedAt, missing };
}

export const MISSING_SQL = `
with moment as materialized (
  select clock() as now
),
given as materialized (
  select g.*, s.begun_at, s.checked_to, s.swept_to - make_interval(secs => g.late_seconds) as closed_to
  from jsonb_to_record(:input::jsonb) as g(psp_account text, late_seconds int)
  join movement_sweep s on s.psp_account = g.psp_account
),
next as materialized (
  select m.movement_id, m.psp_account, m.kind, m.amount_minor, m.currency, m.occurred_at, m.instruction_id, m.payment_order_id,
         m.psp_entry_id, m.origin
  from movement m
  where m.movement_id > (select checked_to from given)
  order by m.movement_id
  limit (:input::jsonb ->> 'limit')::int
),
closed as materialized (
  -- Up to the first that is too young: what is behind it waits, since ids of a moment may become visible in any order.
  select n.*
  from next n
  where n.movement_id < coalesce(
    (select min(y.movement_id) from next y, given where y.occurred_at >= given.closed_to), '~')
),
noted as (
  insert into movement_discrepancy (discrepancy_id, psp_account, reason, kind, amount_minor, currency, occurred_at, movement_id,
                                    instruction_id, payment_order_id, noted_at, psp_reference)
  select 'dsc_' || substr(c.movement_id, 5), c.psp_account, 'missing', c.kind, c.amount_minor, c.currency, c.occurred_at,
         c.movement_id, c.instruction_id, c.payment_order_id, moment.now, i.psp_reference
  from closed c
  join given on given.psp_account = c.psp_account
  join instruction i on i.instruction_id = c.instruction_id
  cross join moment
  -- What was accepted before the first period may have been listed before it.
  where c.origin = 'own' and c.psp_entry_id is null and i.accepted_at >= given.begun_at
  on conflict do nothing
  returning discrepancy_id
),
checked as (
  update movement_sweep s
  set checked_to = (select max(movement_id) from closed)
  from given
  where s.psp_account = given.psp_account and s.checked_to = given.checked_to and exists (select from closed)
)
select (select count(*) from closed)::int as looked_at, (select count(*) from noted)::int as missing
`;
