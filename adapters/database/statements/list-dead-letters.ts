import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import { readInPages } from '../read-in-pages.ts';

export const DEAD_LETTER_STATES = ['waiting', 'redriven', 'quarantined', 'resolved'] as const;
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

export interface DeadLetterFilter {
  readonly states: readonly DeadLetterState[];
  /** Part of the reason, in any case of dead letters. */
  readonly reason?: string | undefined;
  readonly psp?: string | undefined;
  readonly olderThanSeconds?: number | undefined;
  readonly limit: number;
}

const deadLetterRow = z.object({
  dead_letter_id: z.string(),
  state: z.enum(DEAD_LETTER_STATES),
  reason: z.string(),
  cycle: z.int(),
  times_seen: z.int(),
  psp: z.nullable(z.string()),
  payment_id: z.nullable(z.string()),
  payment_order_id: z.nullable(z.string()),
  merchant_id: z.nullable(z.string()),
  first_seen_at: z.string(),
  last_seen_at: z.string(),
});
export type DeadLetterRow = z.infer<typeof deadLetterRow>;

const detailRow = z.object({
  kind: z.enum(['operation', 'attempt']),
  at: z.string(),
  what: z.string(),
  detail: z.string(),
});
export type DeadLetterEvent = z.infer<typeof detailRow>;

/** Newest first. */
export async function listDeadLetters(
  database: Database,
  filter: DeadLetterFilter,
): Promise<readonly DeadLetterRow[]> {
  const { states, reason, psp, olderThanSeconds, limit } = filter;
  const input = { states, reason, psp, older_than_seconds: olderThanSeconds ?? 0 };
  const rows = await readInPages(database, { sql: LIST_SQL, input, limit });
  return rows.map((row) => deadLetterRow.parse(row));
}

export interface ShownDeadLetter {
  readonly deadLetter: DeadLetterRow;
  /** Poison's own body, in base64; null for an instruction's dead letter. */
  readonly body: string | null;
  /** What was done to it, and what its PSP was asked and said, oldest first. */
  readonly history: readonly DeadLetterEvent[];
}

/** By its own id, or by that of its payment order. */
export async function showDeadLetter(database: Database, id: string): Promise<ShownDeadLetter | undefined> {
  const [row] = await database.execute(SHOW_SQL, { id });
  if (row === undefined) return undefined;
  const deadLetter = deadLetterRow.parse(row);
  const history = await database.execute(HISTORY_SQL, { id: deadLetter.dead_letter_id });
  return {
    deadLetter,
    body: z.nullable(z.string()).parse(row.body),
    history: history.map((event) => detailRow.parse(event)),
  };
}

const TIMESTAMP = `'YYYY-MM-DD"T"HH24:MI:SS"Z"'`;
const COLUMNS = `
  d.dead_letter_id, d.state, left(d.reason, 1000) as reason, d.cycle, d.times_seen, nullif(d.psp, '') as psp, i.payment_id,
  i.payment_order_id, i.merchant_id,
  to_char(d.first_seen_at at time zone 'UTC', ${TIMESTAMP}) as first_seen_at,
  to_char(d.last_seen_at at time zone 'UTC', ${TIMESTAMP}) as last_seen_at`;

/** The newest of each state and PSP among which a page looks for a reason, some milliseconds' work. */
export const REASONS_SEARCHED = 5_000;

/** A page of each state and PSP by the index that begins with them, then the newest of them. */
export const LIST_SQL = `
select jsonb_build_object('at', d.last_seen_at, 'id', d.dead_letter_id)::text as position, ${COLUMNS}
from (
  select found.*
  from (select :input::jsonb as p, clock() as now) given
  cross join lateral jsonb_array_elements_text(p -> 'states') as wanted(state)
  cross join lateral (
    -- The PSP that is asked for, or each that occurs, by a walk over the index; poison has none.
    with recursive walk as (
      select coalesce(p ->> 'psp', (select min(psp) from dead_letter where state = wanted.state)) as psp
      union all
      select (select min(d.psp) from dead_letter d where d.state = wanted.state and d.psp > walk.psp)
      from walk
      where walk.psp is not null and p ->> 'psp' is null
    )
    select psp from walk where psp is not null
  ) of
  cross join lateral (
    select newest.*
    from (
      select *
      from dead_letter
      where state = wanted.state and psp = of.psp
        and last_seen_at <= given.now - make_interval(secs => (p ->> 'older_than_seconds')::int)
        and (last_seen_at, dead_letter_id)
            < (coalesce((p -> 'after' ->> 'at')::timestamptz, 'infinity'), coalesce(p -> 'after' ->> 'id', ''))
      order by last_seen_at desc, dead_letter_id desc
      limit (case when p ->> 'reason' is null then (p ->> 'limit')::int else ${REASONS_SEARCHED} end)
    ) newest
    where p ->> 'reason' is null or strpos(lower(newest.reason), lower(p ->> 'reason')) > 0
    limit (p ->> 'limit')::int
  ) found
  order by found.last_seen_at desc, found.dead_letter_id desc
  limit (:input::jsonb ->> 'limit')::int
) d
left join instruction i on i.instruction_id = d.dead_letter_id
order by d.last_seen_at desc, d.dead_letter_id desc
`;

/** A row of the Data API holds 64 KB. */
const SHOW_SQL = `
select ${COLUMNS}, encode(substring(d.poison_body for 40000), 'base64') as body
from (
  select :input::jsonb ->> 'id' as dead_letter_id
  union
  select instruction_id from instruction where payment_order_id = :input::jsonb ->> 'id'
) named
join dead_letter d using (dead_letter_id)
left join instruction i on i.instruction_id = d.dead_letter_id
order by d.last_seen_at desc
limit 1
`;

const HISTORY_SQL = `
select kind, to_char(at at time zone 'UTC', ${TIMESTAMP}) as at, what, detail
from (
  select 'operation' as kind, at, action || ' by ' || actor as what, left(reason, 1000) as detail, operation_log_id as no
  from operation_log
  where subject_id = :input::jsonb ->> 'id'
  union all
  select 'attempt', started_at, 'attempt ' || attempt_no || ': ' || action || ' → ' || outcome,
         left(coalesce(detail ->> 'reason', ''), 1000), attempt_no * 100 + step
  from evidence
  where instruction_id = :input::jsonb ->> 'id'
) events
order by at, no
limit 500
`;
