import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';
import { EVENT_STATES, NAMED_AND_STATE } from './receive-event.ts';
import { MESSAGE, NO_MESSAGE, type WokenInstruction, wokenRow } from './wake-instructions.ts';

const replayedRow = z.object({ kind: z.literal('event'), event_id: z.string(), state: z.enum(EVENT_STATES) });
const row = z.discriminatedUnion('kind', [z.extend(wokenRow, { kind: z.literal('message') }), replayedRow]);

export interface ReplayedEvents {
  /** Each event that is there, with its state after the replay. */
  readonly events: readonly Omit<z.infer<typeof replayedRow>, 'kind'>[];
  /** The instructions whose message is to be sent. */
  readonly woken: readonly WokenInstruction[];
}

/**
 * Wakes again what stored events name. An event is believed no more than before: whatever it says, its instruction is looked up
 * at the PSP.
 */
export async function replayStoredEvents(
  database: Database,
  eventIds: readonly string[],
  operator: Operator,
): Promise<ReplayedEvents> {
  const rows = await database.execute(REPLAY_SQL, { event_ids: eventIds, ...operator });
  const parsed = rows.map((found) => row.parse(found));
  return {
    events: parsed.flatMap((found) =>
      found.kind === 'event' ? [{ event_id: found.event_id, state: found.state }] : [],
    ),
    woken: parsed.filter((found) => found.kind === 'message'),
  };
}

const REPLAY_SQL = `
with moment as materialized (
  select clock() as now
),
given as materialized (
  select g.* from jsonb_to_record(:input::jsonb) as g(actor text, reason text, origin text)
),
event as materialized (
  select e.event_id, e.psp_account, e.instruction_id, e.payment_order_id
  from jsonb_array_elements_text(:input::jsonb -> 'event_ids') as wanted(event_id)
  join psp_event e using (event_id)
),
named as materialized (${NAMED_AND_STATE.named('event')}
),
woken as materialized (
  select w.*
  from (select array_agg(distinct instruction_id) as ids from named where is_own and not has_ended) open
  cross join lateral wake_v1(open.ids) w
),
found as materialized (
  select event.event_id, ${NAMED_AND_STATE.stateOf('event')} as state from event
),
noted as (
  update psp_event e set state = found.state
  from found
  where e.event_id = found.event_id and e.state <> found.state
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select found.event_id, 'event_replayed', given.actor, given.reason, given.origin, moment.now
  from found, given, moment
)
select 'event' as kind, event_id, state, ${NO_MESSAGE}
from found
union all
select 'message', null, null, ${MESSAGE}
from woken
`;
