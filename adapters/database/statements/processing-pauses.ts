import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';

const pauseRow = z.object({
  pause_id: z.string(),
  paused_at: z.string(),
  paused_by: z.string(),
  reason: z.string(),
  parked: z.int(),
});
export type PauseRow = z.infer<typeof pauseRow>;

const circuitRow = z.object({
  psp: z.string(),
  state: z.enum(['closed', 'open', 'half_open']),
  seconds_left: z.int(),
  not_sent_in_a_row: z.int(),
  unknown_in_a_row: z.int(),
  reason: z.nullable(z.string()),
  /** The rate that the PSP takes, as its 429s have taught it; null where none is known. */
  calls_per_second: z.nullable(z.string()),
  /** How long it has asked us not to call it. */
  silent_seconds: z.int(),
  /** For the circuit, or for the rate. */
  parked: z.int(),
});
export type CircuitRow = z.infer<typeof circuitRow>;

/** @param pauseId `all`, `psp:<name>` or `merchant:<id>`; @returns false when it was paused already */
export async function pause(database: Database, pauseId: string, operator: Operator): Promise<boolean> {
  const rows = await database.execute(PAUSE_SQL, { pause_id: pauseId, ...operator });
  return rows.length > 0;
}

/** What waits is sent by the relay's next run. @returns false when nothing was paused under this name */
export async function resume(database: Database, pauseId: string, operator: Operator): Promise<boolean> {
  const rows = await database.execute(RESUME_SQL, { pause_id: pauseId, ...operator });
  return rows.length > 0;
}

export async function listPauses(database: Database): Promise<readonly PauseRow[]> {
  return (await database.execute(PAUSES_SQL, {})).map((row) => pauseRow.parse(row));
}

export async function listCircuits(database: Database): Promise<readonly CircuitRow[]> {
  return (await database.execute(CIRCUITS_SQL, {})).map((row) => circuitRow.parse(row));
}

/** Past so many, what is parked is counted no further. */
export const PARKED_COUNTED = 10_000;

const parkedFor = (cause: string) =>
  `(select count(*) from (select from instruction i where i.waits_for = ${cause} limit ${PARKED_COUNTED}) counted)::int`;

const PAUSE_SQL = `
with given as materialized (
  select :input::jsonb as p
),
paused as (
  insert into processing_pause (pause_id, paused_at, paused_by, reason)
  select p ->> 'pause_id', clock(), p ->> 'actor', p ->> 'reason' from given
  on conflict (pause_id) do nothing
  returning pause_id
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select 'pause:' || pause_id, 'paused', p ->> 'actor', p ->> 'reason', p ->> 'origin', clock() from paused, given
)
select pause_id from paused
`;

const RESUME_SQL = `
with given as materialized (
  select :input::jsonb as p
),
resumed as (
  delete from processing_pause where pause_id = (select p ->> 'pause_id' from given) returning pause_id
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select 'pause:' || pause_id, 'resumed', p ->> 'actor', p ->> 'reason', p ->> 'origin', clock() from resumed, given
)
select pause_id from resumed
`;

const PAUSES_SQL = `
select pause_id, to_char(paused_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as paused_at, paused_by, reason,
       ${parkedFor(`'pause:' || pause_id`)} as parked
from processing_pause
order by pause_id
`;

/** Every PSP that has a circuit, which has failed before, or a limiter. */
const CIRCUITS_SQL = `
with moment as materialized (
  select clock() as now
)
select psp,
       case when c.open_until is null then 'closed' when c.open_until > now then 'open' else 'half_open' end as state,
       greatest(0, ceil(extract(epoch from coalesce(c.open_until, now) - now)))::int as seconds_left,
       coalesce(c.not_sent_in_a_row, 0) as not_sent_in_a_row, coalesce(c.unknown_in_a_row, 0) as unknown_in_a_row, c.reason,
       trim_scale(round(1000.0 / nullif(limiter_spacing_v1(l, now), 0), 1))::text as calls_per_second,
       greatest(0, ceil(extract(epoch from coalesce(l.recovers_from, now) - now)))::int as silent_seconds,
       least(${PARKED_COUNTED}, ${parkedFor(`'circuit:' || psp`)} + ${parkedFor(`'rate:' || psp`)}) as parked
from psp_circuit c
full join psp_limiter l using (psp)
cross join moment
order by psp
`;
