import * as z from 'zod/mini';
import type { InstructionKey } from '../../../domain/payment/instruction.ts';
import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';

/** Why a dead letter may go back to the main queue, or may not yet. */
const verdictSchema = z.enum(['may_go', 'paused', 'circuit_open', 'too_early', 'filtered_out']);
export type RedriveVerdict = z.infer<typeof verdictSchema>;

export interface RedriveFilter {
  /** A part of the reason, in upper or lower case. */
  readonly reason?: string | undefined;
  readonly psp?: string | undefined;
  readonly olderThanSeconds?: number | undefined;
}

export interface RedrivePlanRequest {
  /** How long a dead letter waits before an automatic redrive, by its cycle. */
  readonly restSeconds: readonly number[];
  readonly filter: RedriveFilter;
  readonly limit: number;
}

const plannedRow = z.object({
  dead_letter_id: z.string(),
  verdict: verdictSchema,
  reason: z.string(),
  psp: z.nullable(z.string()),
  correlation_id: z.nullable(z.string()),
  cycle: z.int(),
  /** Incremented each time the message is dead-lettered: a plan is valid for this value only. */
  times_seen: z.int(),
  /** Whether its instruction is dead-lettered; if not, SQS has moved a message of it. */
  is_dead_lettered: z.boolean(),
});
export type PlannedDeadLetter = z.infer<typeof plannedRow>;

/** One verdict per dead letter that waits in the queue, oldest first. */
export async function planRedrive(
  database: Database,
  request: RedrivePlanRequest,
): Promise<readonly PlannedDeadLetter[]> {
  const rows = await database.execute(PLAN_SQL, {
    rest_seconds: request.restSeconds,
    reason: request.filter.reason,
    psp: request.filter.psp,
    older_than_seconds: request.filter.olderThanSeconds,
    limit: request.limit,
  });
  return rows.map((row) => plannedRow.parse(row));
}

export const PLAN_SQL = `
with moment as materialized (
  select clock() as now
),
parameter as materialized (
  select :input::jsonb as p
)
select d.dead_letter_id,
  case
    when p ->> 'reason' is not null and strpos(lower(d.reason), lower(p ->> 'reason')) = 0 then 'filtered_out'
    when p ->> 'psp' is not null and d.psp is distinct from p ->> 'psp' then 'filtered_out'
    when d.last_seen_at > now - make_interval(secs => coalesce((p ->> 'older_than_seconds')::int, 0)) then 'filtered_out'
    when exists (
      select from processing_pause pp where pp.pause_id in ('all', 'psp:' || d.psp, 'merchant:' || d.merchant_id)
    ) then 'paused'
    -- A half-open circuit is no obstacle: something must probe it.
    when c.open_until > now then 'circuit_open'
    when d.last_seen_at > now - make_interval(secs =>
      (p -> 'rest_seconds' ->> least(d.cycle, jsonb_array_length(p -> 'rest_seconds') - 1))::int) then 'too_early'
    else 'may_go'
  end as verdict,
  left(d.reason, 500) as reason,
  d.psp,
  i.correlation_id,
  d.cycle,
  d.times_seen,
  coalesce(i.state = 'dead_lettered', false) as is_dead_lettered
from dead_letter_now d
left join instruction i on i.instruction_id = d.dead_letter_id
cross join moment
cross join parameter
left join psp_circuit c on c.psp = d.psp
where d.state = 'waiting'
order by d.last_seen_at
limit (select (p ->> 'limit')::int from parameter)
`;

/** A message that SQS moved by itself after too many receives. It carries no reason, so one is derived. */
export interface MovedDeadLetter {
  readonly key: InstructionKey;
  readonly messageId: string;
}

/**
 * Registers instructions whose messages are in the dead-letter queue although the database has no waiting dead letter for
 * them. One that is marked as redriven but still in the queue is set to waiting again: its message was never moved.
 */
export async function registerMovedDeadLetters(
  database: Database,
  deadLetters: readonly MovedDeadLetter[],
): Promise<void> {
  await database.execute(REGISTER_SQL, {
    dead_letters: deadLetters.map(({ key, messageId }) => ({
      instruction_id: key.instructionId,
      group_id: key.groupId,
      operation: key.operation,
      message_id: messageId,
    })),
  });
}

export const REGISTER_SQL = `
with found as materialized (
  -- By the whole key: the executor reports a message that names another group or operation.
  select i.instruction_id, min(l.message_id) as message_id
  from jsonb_to_recordset(:input::jsonb -> 'dead_letters')
    as l(instruction_id text, group_id text, operation text, message_id text)
  join instruction i using (instruction_id, group_id, operation)
  group by i.instruction_id
),
waiting as (
  update dead_letter d
  set redriven_at = null
  from found m
  join instruction i on i.instruction_id = m.instruction_id
  where d.dead_letter_id = m.instruction_id and i.state = 'dead_lettered' and d.redriven_at is not null
)
insert into dead_letter as d (dead_letter_id, is_poison, reason, cycle, message_id, first_seen_at, last_seen_at)
select i.instruction_id, false,
  case
    when i.state = 'executing' then 'attempt ' || i.attempt_no || ' started, never finished'
    when i.attempt_no = 0 then 'received too often, never claimed'
    when i.state = 'ready' then 'received too often after attempt ' || i.attempt_no || ': ' || coalesce(i.reason, 'no reason was recorded')
    else 'received too often after it had ended'
  end,
  i.cycle, m.message_id, clock(), clock()
from found m
join instruction i on i.instruction_id = m.instruction_id
-- A quarantined instruction keeps the reason it has.
where i.state not in ('dead_lettered', 'quarantined')
order by i.instruction_id
on conflict (dead_letter_id) do update
set reason = excluded.reason, message_id = excluded.message_id, cycle = excluded.cycle,
    times_seen = d.times_seen + 1, last_seen_at = excluded.last_seen_at, redriven_at = null
where d.message_id is distinct from excluded.message_id
`;

/**
 * Marks dead letters as redriven and logs the operation. A dead letter that failed again since it was planned is left as it
 * is.
 */
export async function markRedriven(
  database: Database,
  deadLetters: readonly PlannedDeadLetter[],
  operator: Operator,
): Promise<void> {
  const { actor, reason, origin } = operator;
  const planned = deadLetters.map(({ dead_letter_id, times_seen }) => ({ dead_letter_id, times_seen }));
  if (planned.length > 0) await database.execute(MARK_SQL, { dead_letters: planned, actor, reason, origin });
}

export const MARK_SQL = `
with given as materialized (
  select :input::jsonb as p
),
marked as (
  update dead_letter d
  set redriven_at = clock()
  from given, jsonb_to_recordset(p -> 'dead_letters') as planned(dead_letter_id text, times_seen int)
  where d.dead_letter_id = planned.dead_letter_id and d.times_seen = planned.times_seen and d.redriven_at is null
  returning d.dead_letter_id
)
insert into operation_log (subject_id, action, actor, reason, origin, at)
select dead_letter_id, 'redriven', p ->> 'actor', p ->> 'reason', p ->> 'origin', clock()
from marked, given
`;
