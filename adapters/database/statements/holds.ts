import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';

const holdRow = z.object({
  hold_id: z.string(),
  paused_at: z.string(),
  paused_by: z.string(),
  reason: z.string(),
  parked: z.int(),
});
export type HoldRow = z.infer<typeof holdRow>;

const circuitRow = z.object({
  psp: z.string(),
  state: z.enum(['closed', 'open', 'half_open']),
  seconds_left: z.int(),
  not_sent_in_a_row: z.int(),
  unknown_in_a_row: z.int(),
  reason: z.nullable(z.string()),
  parked: z.int(),
});
export type CircuitRow = z.infer<typeof circuitRow>;

/** @param holdId `all`, `psp:<name>` or `merchant:<id>`; @returns false when it was paused already */
export async function pause(database: Database, holdId: string, operator: Operator): Promise<boolean> {
  const rows = await database.execute(PAUSE_SQL, { hold_id: holdId, ...operator });
  return rows.length > 0;
}

/** What waits is sent by the relay's next run. @returns false when nothing was paused under this name */
export async function resume(database: Database, holdId: string, operator: Operator): Promise<boolean> {
  const rows = await database.execute(RESUME_SQL, { hold_id: holdId, ...operator });
  return rows.length > 0;
}

export async function listHolds(database: Database): Promise<readonly HoldRow[]> {
  return (await database.execute(HOLDS_SQL, {})).map((row) => holdRow.parse(row));
}

export async function listCircuits(database: Database): Promise<readonly CircuitRow[]> {
  return (await database.execute(CIRCUITS_SQL, {})).map((row) => circuitRow.parse(row));
}

const PAUSE_SQL = `
with given as materialized (
  select :input::jsonb as p
),
paused as (
  insert into hold (hold_id, paused_at, paused_by, reason)
  select p ->> 'hold_id', clock(), p ->> 'actor', p ->> 'reason' from given
  on conflict (hold_id) do nothing
  returning hold_id
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select 'hold:' || hold_id, 'paused', p ->> 'actor', p ->> 'reason', p ->> 'origin', clock() from paused, given
)
select hold_id from paused
`;

const RESUME_SQL = `
with given as materialized (
  select :input::jsonb as p
),
resumed as (
  delete from hold where hold_id = (select p ->> 'hold_id' from given) returning hold_id
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select 'hold:' || hold_id, 'resumed', p ->> 'actor', p ->> 'reason', p ->> 'origin', clock() from resumed, given
)
select hold_id from resumed
`;

const HOLDS_SQL = `
select hold_id, to_char(paused_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as paused_at, paused_by, reason,
       (select count(*) from instruction i where i.waits_for = 'hold:' || hold_id)::int as parked
from hold
order by hold_id
`;

const CIRCUITS_SQL = `
select psp,
       case when open_until is null then 'closed' when open_until > clock() then 'open' else 'half_open' end as state,
       greatest(0, ceil(extract(epoch from coalesce(open_until, clock()) - clock())))::int as seconds_left,
       not_sent_in_a_row, unknown_in_a_row, reason,
       (select count(*) from instruction i where i.waits_for = 'circuit:' || psp)::int as parked
from psp_circuit
order by psp
`;
