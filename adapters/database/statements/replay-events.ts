import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';
import { EVENT_STATES, NAMED_AND_STATE } from './receive-event.ts';

const replayedRow = z.object({ event_id: z.string(), state: z.enum(EVENT_STATES) });
export type ReplayedEvent = z.infer<typeof replayedRow>;

/**
 * Wakes again what stored events name; the relay sends it within a minute. An event is believed no more than before: whatever
 * it says, its instruction is looked up at the PSP.
 *
 * @returns each event that is there, with its state after that
 */
export async function replayStoredEvents(
  database: Database,
  eventIds: readonly string[],
  operator: Operator,
): Promise<readonly ReplayedEvent[]> {
  const rows = await database.execute(REPLAY_SQL, { event_ids: eventIds, ...operator });
  return rows.map((found) => replayedRow.parse(found));
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
  select wake_v1(
    array(select distinct instruction_id from named where is_own and not has_ended order by instruction_id), moment.now)
  from moment
  where exists (select from named)
),
found as materialized (
  select event.event_id, ${NAMED_AND_STATE.stateOf('event')} as state, (select count(*) from woken) as woken
  from event
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
select event_id, state from found order by event_id
`;
