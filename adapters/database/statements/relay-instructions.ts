import * as z from 'zod/mini';
import { CIRCUIT } from '../../../domain/payment/circuit.ts';
import { operationSchema } from '../columns.ts';
import type { Database } from '../database.ts';

const dueRow = z.object({
  kind: z.literal('due'),
  instruction_id: z.string(),
  group_id: z.string(),
  payment_id: z.nullable(z.string()),
  correlation_id: z.nullable(z.string()),
  operation: operationSchema,
  send_no: z.int(),
});
const row = z.discriminatedUnion('kind', [
  dueRow,
  z.object({ kind: z.enum(['nothing_waits', 'circuits_awaited']) }),
]);

export type DueInstruction = z.infer<typeof dueRow>;

export interface DueInstructions {
  readonly due: readonly DueInstruction[];
  /** All instructions are terminal or quarantined. Set only if fewer than the limit are due. */
  readonly nothingWaits: boolean;
  /** Some wait for a PSP's circuit, which may close any second, or its rate. Set only if fewer than the limit are due. */
  readonly circuitsAwaited: boolean;
}

/**
 * Takes up to `limit` instructions whose message must be sent (again): in turn, those that waited for a circuit, pause or rate
 * and those that are due, oldest first. The send is recorded before it is made: if it is lost, the same rule sends it again
 * (rule 10). Concurrent relays take different instructions.
 */
export async function takeDueInstructions(database: Database, limit: number): Promise<DueInstructions> {
  const rows = (await database.execute(RELAY_SQL, { limit, probes: PROBES })).map((found) =>
    row.parse(found),
  );
  return {
    due: rows.flatMap((found) => (found.kind === 'due' ? [found] : [])),
    nothingWaits: rows.some((found) => found.kind === 'nothing_waits'),
    circuitsAwaited: rows.some((found) => found.kind === 'circuits_awaited'),
  };
}

/** Sent to a half-open circuit: twice the number of probes, since some messages are lost or find it probed already. */
const PROBES = 2 * CIRCUIT.probes;

/**
 * The work is bounded, however many instructions wait: at most `limit` rows are read per lifted pause, closed circuit and
 * rate, each by an index in its order. Ids begin with their time, so rows that are read in id order are stored together. Probes
 * are picked from an index on a hash of the id (`instruction_waiting_drawn`), in which any position is a random one.
 */
export const RELAY_SQL = `
with moment as materialized (
  select clock() as now
),
parameter as materialized (
  select (p ->> 'limit')::int as max, (p ->> 'probes')::int as probes from (select :input::jsonb as p) given
),
backlog as materialized (
  -- The queue is behind if a message that was claimed in the last two minutes had waited for more than one. Repeats would
  -- only lengthen it. Parked instructions have no message in the queue and are sent all the same.
  select coalesce(max(first_claimed_at - last_sent_at) > interval '60 seconds', false) as is_behind
  from moment
  cross join lateral (
    select first_claimed_at, last_sent_at
    from instruction
    where first_claimed_at > moment.now - interval '2 minutes'
    order by first_claimed_at desc
    limit 1000
  ) claimed
),
over as materialized (
  -- The causes of waiting that are over: lifted pauses, circuits that are closed or half-open, and rates.
  select w.waits_for, c.open_until is not null as is_half_open,
         case when w.waits_for not like 'pause:%' then substring(w.waits_for from ':(.*)') end as psp
  from moment
  cross join lateral (
    -- Each distinct value, by a walk over the index rather than a scan of all waiting rows.
    with recursive walk as (
      (select min(waits_for) as waits_for from instruction where waits_for is not null)
      union all
      select (select min(i.waits_for) from instruction i where i.waits_for > walk.waits_for)
      from walk
      where walk.waits_for is not null
    )
    select waits_for from walk where waits_for is not null
  ) w
  left join psp_circuit c on w.waits_for = 'circuit:' || c.psp
  where not exists (select from processing_pause pp where w.waits_for = 'pause:' || pp.pause_id)
    and (c.open_until is null or c.open_until <= moment.now and coalesce(c.probe_until, '-infinity') <= moment.now)
),
limiter as materialized (
  select l.psp, limiter_spacing_v1(l, moment.now) as spacing_ms, limiter_room_v1(l, moment.now) as room,
         limiter_next_slot_v1(l, moment.now) as next_slot_at
  from psp_limiter l, moment
  where l.psp in (select psp from over where not is_half_open) and limiter_spacing_v1(l, moment.now) > 0
  order by l.psp
  for update of l
),
freed as materialized (
  select i.instruction_id, limiter.psp, i.calls
  from over
  cross join parameter
  left join limiter on limiter.psp = over.psp
  cross join lateral (
    select instruction_id, 1 + (attempts_not_sent < attempt_no)::int as calls
    from instruction
    -- An equality, written as a range so that the planner uses the index on both columns and not the primary key.
    where waits_for >= over.waits_for and waits_for <= over.waits_for
    order by waits_for, instruction_id
    limit least(parameter.max, limiter.room)
    for update skip locked
  ) i
  where not over.is_half_open
  limit (select max from parameter)
),
slotted as materialized (
  -- If the PSP has a rate limiter, each instruction takes its slots, as in the claim.
  select f.instruction_id, limiter.next_slot_at + interval '1 millisecond' * (f.calls_before * limiter.spacing_ms) as slot_at
  from (
    select *, sum(calls) over (partition by psp order by instruction_id) - calls as calls_before from freed
  ) f
  left join limiter using (psp)
  where limiter.psp is null or f.calls_before < limiter.room
),
slots_taken as (
  update psp_limiter l
  set next_call_at = limiter.next_slot_at + interval '1 millisecond' * (least(f.calls, limiter.room) * limiter.spacing_ms)
  from limiter
  join (select psp, sum(calls) as calls from freed group by psp) f using (psp)
  where l.psp = limiter.psp
),
drawn as materialized (
  -- A half-open circuit is sent few: one batch probes it, others would be parked again. They are picked at random and not by
  -- age, since the oldest may fail for reasons of their own: those after a position drawn by the clock, then from the start.
  select i.instruction_id, over.waits_for,
         row_number() over (partition by over.waits_for order by part.turn, md5(i.instruction_id)) as place
  from over
  cross join moment
  cross join parameter
  cross join lateral (
    values (1, md5(moment.now::text), 'g'), (2, '', md5(moment.now::text))
  ) as part(turn, first, past)
  cross join lateral (
    select instruction_id
    from instruction
    where waits_for = over.waits_for and md5(instruction_id) >= part.first and md5(instruction_id) < part.past
    order by md5(instruction_id)
    limit parameter.probes
  ) i
  where over.is_half_open
),
probes as materialized (
  select i.instruction_id
  from drawn
  cross join parameter
  join instruction i using (instruction_id)
  where drawn.place <= parameter.probes and i.waits_for is not distinct from drawn.waits_for
  for update of i skip locked
),
overdue as materialized (
  select i.instruction_id, due.parked
  from backlog
  cross join parameter
  cross join moment
  cross join lateral (select true as parked union all select false where not backlog.is_behind) due
  cross join lateral (
    select instruction_id
    from instruction
    where parked = due.parked and relay_due_at <= moment.now
    order by relay_due_at
    limit parameter.max
    for update skip locked
  ) i
),
due as materialized (
  -- Probes first, then the kinds in turn, so that neither delays the other.
  select instruction_id from (
    select instruction_id, 0 as turn from probes
    union all
    select instruction_id, row_number() over () from slotted
    union all
    select instruction_id, row_number() over (partition by parked) from overdue
  ) all_kinds
  order by turn
  limit (select max from parameter)
),
sent as (
  update instruction i
  set send_no = case when i.attempt_no = 0 and i.resends = 0 and not i.parked then i.send_no else i.send_no + 1 end,
      resends = case when i.parked then 0 else i.resends + 1 end,
      parked = false,
      waits_for = null,
      psp_slot_at = slotted.slot_at,
      last_sent_at = moment.now
  from due
  cross join moment
  left join slotted using (instruction_id)
  where i.instruction_id = due.instruction_id
  returning i.instruction_id, i.group_id, i.payment_id, i.correlation_id, i.operation, i.send_no
),
rest as materialized (
  -- Not needed when the limit is reached: the relay asks again at once.
  select from parameter where max > (select count(*) from due)
)
select 'due' as kind, instruction_id, group_id, payment_id, correlation_id, operation, send_no from sent
union all
select 'circuits_awaited', null, null, null, null, null, null
from rest
-- Name by name: under a language's collation a prefix is not a range of the index.
where exists (
  select from (select 'circuit:' || psp as name from psp_circuit union all select 'rate:' || psp from psp_limiter) cause
  where exists (select from instruction i where i.waits_for = cause.name)
)
union all
select 'nothing_waits', null, null, null, null, null, null
from rest
where not exists (select from instruction where relay_due_at is not null)
  and not exists (select from instruction where waits_for is not null)
`;
