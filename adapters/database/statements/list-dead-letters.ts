import * as z from 'zod/mini';
import type { Database } from '../database.ts';

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
  const rows = await database.execute(filter.psp === undefined ? LIST_SQL : LIST_OF_PSP_SQL, {
    states: filter.states,
    reason: filter.reason,
    psp: filter.psp,
    older_than_seconds: filter.olderThanSeconds ?? 0,
    limit: filter.limit,
  });
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
  d.dead_letter_id, d.state, left(d.reason, 1000) as reason, d.cycle, d.times_seen, d.psp, i.payment_id,
  i.payment_order_id, i.merchant_id,
  to_char(d.first_seen_at at time zone 'UTC', ${TIMESTAMP}) as first_seen_at,
  to_char(d.last_seen_at at time zone 'UTC', ${TIMESTAMP}) as last_seen_at`;

/** The newest of each state among which a reason is looked for, some milliseconds' work. */
export const REASONS_SEARCHED = 5_000;

/**
 * A page of each state by an index that begins with it, then the newest of them. State and PSP are equal, said as ranges and ordered
 * by, so that only their index has the order.
 */
const listSql = (condition: string, order: string) => `
select ${COLUMNS}
from (
  select found.*
  from (select :input::jsonb as p, clock() as now) given
  cross join lateral jsonb_array_elements_text(p -> 'states') as wanted(state)
  cross join lateral (
    select newest.*
    from (
      select *
      from dead_letter
      where state >= wanted.state and state <= wanted.state ${condition}
        and last_seen_at <= given.now - make_interval(secs => (p ->> 'older_than_seconds')::int)
      order by state, ${order} last_seen_at desc, dead_letter_id
      limit (case when p ->> 'reason' is null then (p ->> 'limit')::int else ${REASONS_SEARCHED} end)
    ) newest
    where p ->> 'reason' is null or strpos(lower(newest.reason), lower(p ->> 'reason')) > 0
    limit (p ->> 'limit')::int
  ) found
  order by found.last_seen_at desc, found.dead_letter_id
  limit (:input::jsonb ->> 'limit')::int
) d
left join instruction i on i.instruction_id = d.dead_letter_id
order by d.last_seen_at desc, d.dead_letter_id
`;

export const LIST_SQL = listSql('', '');
export const LIST_OF_PSP_SQL = listSql(`and psp >= p ->> 'psp' and psp <= p ->> 'psp'`, 'psp,');

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
