import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';

/** Closes what an operator has looked into. It changes no movement and books nothing. @returns false if none is open */
export async function closeOpenDiscrepancy(
  database: Database,
  discrepancyId: string,
  operator: Operator,
): Promise<boolean> {
  const rows = await database.execute(CLOSE_SQL, { discrepancy_id: discrepancyId, ...operator });
  return rows.length > 0;
}

const CLOSE_SQL = `
with given as materialized (
  select :input::jsonb as p
),
closed as (
  update movement_discrepancy d
  set resolved_at = clock()
  from given
  where d.discrepancy_id = p ->> 'discrepancy_id' and d.resolved_at is null
  returning d.discrepancy_id
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select discrepancy_id, 'discrepancy_closed', p ->> 'actor', p ->> 'reason', p ->> 'origin', clock()
  from closed, given
)
select discrepancy_id from closed
`;
