import * as z from 'zod/mini';
import type { Database } from '../database.ts';

const dueRow = z.object({
  kind: z.literal('due'),
  instruction_id: z.string(),
  payment_order_id: z.string(),
  operation: z.enum(['charge', 'authorize', 'capture', 'void', 'refund']),
  send_no: z.int(),
});
const row = z.discriminatedUnion('kind', [dueRow, z.object({ kind: z.literal('nothing_waits') })]);

export interface DueInstructions {
  readonly due: readonly z.infer<typeof dueRow>[];
  /** Not one instruction waits for anything: all are terminal or quarantined. */
  readonly nothingWaits: boolean;
}

/**
 * Takes up to `limit` instructions whose message must be sent (again), oldest first, and notes the send before it is
 * made: should it get lost, the next comes by the same rule (rule 10). Two relays at once take different ones.
 */
export async function takeDueInstructions(database: Database, limit: number): Promise<DueInstructions> {
  const rows = (await database.execute(SQL, { limit })).map((found) => row.parse(found));
  return {
    due: rows.flatMap((found) => (found.kind === 'due' ? [found] : [])),
    nothingWaits: rows.some((found) => found.kind === 'nothing_waits'),
  };
}

const SQL = `
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
due as materialized (
  select i.instruction_id
  from instruction i
  cross join moment
  cross join backlog
  where i.relay_due_at <= moment.now and (i.parked or not backlog.is_behind)
  order by i.relay_due_at
  limit (:input::jsonb ->> 'limit')::int
  for update of i skip locked
),
sent as (
  update instruction i
  set send_no = case when i.attempt_no = 0 and i.resends = 0 and not i.parked then i.send_no else i.send_no + 1 end,
      resends = case when i.parked then 0 else i.resends + 1 end,
      parked = false,
      last_sent_at = moment.now
  from due, moment
  where i.instruction_id = due.instruction_id
  returning i.instruction_id, i.payment_order_id, i.operation, i.send_no
)
select 'due' as kind, instruction_id, payment_order_id, operation, send_no from sent
union all
select 'nothing_waits', null, null, null, null
where not exists (select from instruction where relay_due_at is not null)
`;
