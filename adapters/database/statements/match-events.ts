import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import { NAMED_AND_STATE } from './receive-event.ts';
import { MESSAGE, NO_MESSAGE, type WokenInstruction, wokenRow } from './wake-instructions.ts';

const row = z.discriminatedUnion('kind', [
  z.extend(wokenRow, { kind: z.literal('message') }),
  z.object({ kind: z.literal('count'), matched: z.int(), unknown: z.int() }),
]);

export interface MatchedEvents {
  /** How many found what they name. */
  readonly matched: number;
  /** How many are given up. */
  readonly unknown: number;
  /** The instructions whose message is to be sent. */
  readonly woken: readonly WokenInstruction[];
}

/** An event that names what isn't here is kept in view for an hour: our own commit takes seconds. */
const EARLY_SECONDS = 3_600;

/**
 * Looks again for what early events name, and wakes it. What has not come within an hour is unknown: an event of another
 * database's payment, or of one that a restore lost. Concurrent runs take different events.
 */
export async function matchEarlyEvents(database: Database, limit: number): Promise<MatchedEvents> {
  const rows = await database.execute(MATCH_SQL, { limit, early_seconds: EARLY_SECONDS });
  const parsed = rows.map((found) => row.parse(found));
  const count = parsed.find((found) => found.kind === 'count');
  return {
    matched: count?.matched ?? 0,
    unknown: count?.unknown ?? 0,
    woken: parsed.filter((found) => found.kind === 'message'),
  };
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
  select w.*
  from (select array_agg(distinct instruction_id) as ids from named where is_own and not has_ended) open
  cross join lateral wake_v1(open.ids) w
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
select 'count' as kind, (count(*) filter (where state <> 'unknown'))::int as matched,
       (count(*) filter (where state = 'unknown'))::int as unknown, ${NO_MESSAGE}
from now_known
union all
select 'message', null, null, ${MESSAGE}
from woken
`;
