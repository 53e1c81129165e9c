import * as z from 'zod/mini';
import { CIRCUIT } from '../../../domain/payment/circuit.ts';
import type { Database } from '../database.ts';

const dueRow = z.object({
  kind: z.literal('due'),
  instruction_id: z.string(),
  payment_order_id: z.string(),
  payment_id: z.string(),
  correlation_id: z.nullable(z.string()),
  operation: z.enum(['charge', 'authorize', 'capture', 'void', 'refund']),
  send_no: z.int(),
});
const row = z.discriminatedUnion('kind', [
  dueRow,
  z.object({ kind: z.enum(['nothing_waits', 'circuits_awaited']) }),
]);

export type DueInstruction = z.infer<typeof dueRow>;

export interface DueInstructions {
  readonly due: readonly DueInstruction[];
  /** Not one instruction waits for anything: all are terminal or quarantined. */
  readonly nothingWaits: boolean;
  /** Some wait for a PSP's circuit, which may close any second. */
  readonly circuitsAwaited: boolean;
}

/**
 * Takes up to `limit` instructions whose message must be sent (again): what waited for a circuit or a pause that is over, then the oldest due, and notes the send before it is
 * made: should it get lost, the next comes by the same rule (rule 10). Two relays at once take different ones.
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

/** So many probe a half-open circuit; twice as many are sent, since some messages find it probed already or get lost. */
const PROBES = 2 * CIRCUIT.probes;

export const RELAY_SQL = `
with moment as materialized (
  select clock() as now
),
backlog as materialized (
  -- The queue is behind when messages claimed in the last two minutes had waited more than one. Repeats would only
  -- lengthen it; parked instructions have no message in it and go out all the same.
  select coalesce(max(i.first_claimed_at - i.last_sent_at) > interval '60 seconds', false) as is_behind
  from instruction i, moment
  where i.first_claimed_at > moment.now - interval '2 minutes'
),
over as materialized (
  -- What parked instructions wait for that is over: a pause that was lifted, a circuit that is closed. A half-open one
  -- takes few: one of them probes, the others would only be parked again.
  select w.waits_for, case when c.open_until is null then null else (p ->> 'probes')::int end as few
  from (select :input::jsonb as p) given
  cross join moment
  cross join lateral (
    -- Each value that occurs, by a walk over the index rather than a scan of all that waits.
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
freed as materialized (
  select i.instruction_id
  from over
  cross join moment
  cross join lateral (
    select instruction_id
    from instruction
    where waits_for = over.waits_for
    -- Chosen at random, by the clock: those that have waited longest may be those that fail by themselves.
    order by md5(instruction_id || moment.now)
    limit least(over.few, (:input::jsonb ->> 'limit')::int)
    for update skip locked
  ) i
  limit (:input::jsonb ->> 'limit')::int
),
overdue as materialized (
  select i.instruction_id
  from instruction i
  cross join moment
  cross join backlog
  where i.relay_due_at <= moment.now and (i.parked or not backlog.is_behind)
  order by i.relay_due_at
  limit (:input::jsonb ->> 'limit')::int
  for update of i skip locked
),
due as materialized (
  select instruction_id from (
    select instruction_id, 1 as turn from overdue union all select instruction_id, 0 from freed
  ) both_kinds
  order by turn
  limit (:input::jsonb ->> 'limit')::int
),
sent as (
  update instruction i
  set send_no = case when i.attempt_no = 0 and i.resends = 0 and not i.parked then i.send_no else i.send_no + 1 end,
      resends = case when i.parked then 0 else i.resends + 1 end,
      parked = false,
      waits_for = null,
      last_sent_at = moment.now
  from due, moment
  where i.instruction_id = due.instruction_id
  returning i.instruction_id, i.payment_order_id, i.payment_id, i.correlation_id, i.operation, i.send_no
)
select 'due' as kind, instruction_id, payment_order_id, payment_id, correlation_id, operation, send_no from sent
union all
select 'circuits_awaited', null, null, null, null, null, null
where exists (select from instruction where waits_for >= 'circuit:' and waits_for < 'circuit;')
union all
select 'nothing_waits', null, null, null, null, null, null
where not exists (select from instruction where relay_due_at is not null)
  and not exists (select from instruction where waits_for is not null)
`;
