import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import { NAMED_AND_STATE } from './receive-event.ts';

const matchedRow = z.object({ matched: z.int(), unknown: z.int() });

/** An event that names what isn't here is kept in view for an hour: our own commit takes seconds. */
const EARLY_SECONDS = 3_600;

/**
 * Looks again for what early events name, and wakes it: the relay sends it in the same run. What has not come within an hour is
 * unknown: an event of another database's payment, or of one that a restore lost.
 *
 * @returns how many events found their instruction, and how many became unknown
 */
export async function matchEarlyEvents(
  database: Database,
  limit: number,
): Promise<{ readonly matched: number; readonly unknown: number }> {
  const [row] = await database.execute(MATCH_SQL, { limit, early_seconds: EARLY_SECONDS });
  return matchedRow.parse(row);
}

export const MATCH_SQL = `
with moment as materialized (
  select clock() as now
),
early as materialized (
  select event_id, psp_account, instruction_id, payment_order_id, received_at
  from psp_event
  where state = 'early'
  order by psp_account, event_id
  limit (:input::jsonb ->> 'limit')::int
  for update skip locked
),
named as materialized (${NAMED_AND_STATE.named('early')}
),
woken as materialized (
  select wake_v1(
    array(select distinct instruction_id from named where is_own and not has_ended order by instruction_id), moment.now)
  from moment
  where exists (select from named)
),
now_known as (
  update psp_event e
  set state = found.state
  from (
    select early.event_id,
           case
             when early.received_at < moment.now - make_interval(secs => (:input::jsonb ->> 'early_seconds')::int)
                  and not exists (select from named n where n.event_id = early.event_id) then 'unknown'
             else ${NAMED_AND_STATE.stateOf('early')}
           end as state
    from early, moment
  ) found
  where e.event_id = found.event_id and found.state <> 'early'
  returning e.state
)
select (select count(*) filter (where state <> 'unknown') from now_known)::int as matched,
       (select count(*) filter (where state = 'unknown') from now_known)::int as unknown,
       (select count(*) from woken)::int as woken
`;
