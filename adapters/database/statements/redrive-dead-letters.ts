import * as z from 'zod/mini';
import type { InstructionKey } from '../../../domain/payment/instruction.ts';
import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';

/** Why a dead letter may go back to the main queue, or may not yet. */
const verdictSchema = z.enum(['may_go', 'paused', 'circuit_open', 'too_early', 'filtered_out']);
export type RedriveVerdict = z.infer<typeof verdictSchema>;

export interface RedriveFilter {
  /** Part of the reason, in any case of dead letters. */
  readonly reason?: string | undefined;
  readonly psp?: string | undefined;
  readonly olderThanSeconds?: number | undefined;
}

export interface RedrivePlanRequest {
  /** By the dead letter's cycle: how long it rests before it goes back by itself. */
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
  /** Grows each time the dead letter dies: what is said of it holds for this death alone. */
  times_seen: z.int(),
});
export type PlannedDeadLetter = z.infer<typeof plannedRow>;

/** One verdict for every dead letter that waits in the queue, oldest first. */
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
    -- Half-open suffices: somebody must try.
    when c.open_until > now then 'circuit_open'
    when d.last_seen_at > now - make_interval(secs =>
      (p -> 'rest_seconds' ->> least(d.cycle, jsonb_array_length(p -> 'rest_seconds') - 1))::int) then 'too_early'
    else 'may_go'
  end as verdict,
  left(d.reason, 500) as reason,
  d.psp,
  i.correlation_id,
  d.cycle,
  d.times_seen
from dead_letter_now d
left join instruction i on i.instruction_id = d.dead_letter_id
cross join moment
cross join parameter
left join psp_circuit c on c.psp = d.psp
where d.state = 'waiting'
order by d.last_seen_at
limit (select (p ->> 'limit')::int from parameter)
`;

/** What SQS moved by itself, after too many receives: nobody could write a reason, so it is derived. */
export interface MovedDeadLetter {
  readonly key: InstructionKey;
  readonly messageId: string;
}

/**
 * Registers instructions whose messages were found in the dead-letter queue without a letter of theirs that waits. What
 * is marked as redriven and lies there all the same waits again: the move was cancelled, or didn't come to it.
 */
export async function registerMovedDeadLetters(
  database: Database,
  deadLetters: readonly MovedDeadLetter[],
): Promise<void> {
  await database.execute(REGISTER_SQL, {
    dead_letters: deadLetters.map(({ key, messageId }) => ({
      instruction_id: key.instructionId,
      payment_order_id: key.paymentOrderId,
      operation: key.operation,
      message_id: messageId,
    })),
  });
}

export const REGISTER_SQL = `
with found as materialized (
  -- By all that names it: of what names another order or operation, the executor will say so.
  select i.instruction_id, min(l.message_id) as message_id
  from jsonb_to_recordset(:input::jsonb -> 'dead_letters')
    as l(instruction_id text, payment_order_id text, operation text, message_id text)
  join instruction i using (instruction_id, payment_order_id, operation)
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
    when i.attempt_no = 0 then 'received again and again, never claimed'
    when i.state = 'ready' then 'received again and again after attempt ' || i.attempt_no || ': ' || coalesce(i.reason, 'no reason was recorded')
    else 'received again and again after it had come to its end'
  end,
  i.cycle, m.message_id, clock(), clock()
from found m
join instruction i on i.instruction_id = m.instruction_id
-- What is in quarantine has a reason already, and keeps it.
where i.state not in ('dead_lettered', 'quarantined')
order by i.instruction_id
on conflict (dead_letter_id) do update
set reason = excluded.reason, message_id = excluded.message_id, cycle = excluded.cycle,
    times_seen = d.times_seen + 1, last_seen_at = excluded.last_seen_at, redriven_at = null
where d.message_id is distinct from excluded.message_id
`;

/**
 * Notes that dead letters went back; who sent them is in the log of operations. A dead letter that has died again since it was
 * planned waits once more, and stays as it is.
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
