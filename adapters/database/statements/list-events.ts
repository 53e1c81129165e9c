import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import { readInPages } from '../read-in-pages.ts';
import { EVENT_STATES, type EventState } from './receive-event.ts';

export interface EventFilter {
  readonly states: readonly EventState[];
  /** Of this PSP account. */
  readonly psp?: string | undefined;
  /** The last event of the page before. */
  readonly before?: string | undefined;
  readonly limit: number;
}

const eventRow = z.object({
  event_id: z.string(),
  psp_account: z.string(),
  psp_event_id: z.string(),
  type: z.string(),
  object_id: z.string(),
  object_state: z.string(),
  instruction_id: z.nullable(z.string()),
  payment_order_id: z.nullable(z.string()),
  state: z.enum(EVENT_STATES),
  is_reordered: z.boolean(),
  deliveries: z.int(),
  created_at: z.string(),
  signed_at: z.string(),
  received_at: z.string(),
});
export type EventRow = z.infer<typeof eventRow>;

const detailRow = z.object({ body_sha256: z.string(), body_bytes: z.int(), body: z.string() });

export interface ShownEvent {
  readonly event: EventRow;
  readonly bodySha256: string;
  /** Of the whole body, of which 16 KB are kept. */
  readonly bodyBytes: number;
  readonly body: Buffer;
}

/** Newest first. */
export async function listEvents(database: Database, filter: EventFilter): Promise<readonly EventRow[]> {
  const { states, psp, before: id = LAST, limit } = filter;
  const rows = await readInPages(database, { sql: LIST_SQL, input: { states, psp }, limit, after: { id } });
  return rows.map((found) => eventRow.parse(found));
}

/** By our id or the PSP's. */
export async function showEvent(database: Database, id: string): Promise<ShownEvent | undefined> {
  const [found] = await database.execute(SHOW_SQL, { id });
  if (found === undefined) return undefined;
  const { body_sha256, body_bytes, body } = detailRow.parse(found);
  return {
    event: eventRow.parse(found),
    bodySha256: body_sha256,
    bodyBytes: body_bytes,
    body: Buffer.from(body, 'base64'),
  };
}

/** After every id of ours. */
const LAST = '~';

const TIMESTAMP = `'YYYY-MM-DD"T"HH24:MI:SS"Z"'`;
const COLUMNS = `
  e.event_id, e.psp_account, e.psp_event_id, e.type, e.object_id, e.object_state, e.instruction_id, e.payment_order_id,
  e.state, e.is_reordered, e.deliveries,
  to_char(e.created_at at time zone 'UTC', ${TIMESTAMP}) as created_at,
  to_char(e.signed_at at time zone 'UTC', ${TIMESTAMP}) as signed_at,
  to_char(e.received_at at time zone 'UTC', ${TIMESTAMP}) as received_at`;

/** A page of each state and account by the index that begins with them, then the newest of them. */
export const LIST_SQL = `
select jsonb_build_object('id', e.event_id)::text as position, ${COLUMNS}
from (select :input::jsonb as p) given
cross join lateral jsonb_array_elements_text(p -> 'states') as wanted(state)
cross join lateral (
  -- The account that is asked for, or each that occurs, by a walk over the index.
  with recursive walk as (
    select coalesce(p ->> 'psp', (select min(psp_account) from psp_event where state = wanted.state)) as psp_account
    union all
    select (select min(o.psp_account) from psp_event o where o.state = wanted.state and o.psp_account > walk.psp_account)
    from walk
    where walk.psp_account is not null and p ->> 'psp' is null
  )
  select psp_account from walk where psp_account is not null
) of
cross join lateral (
  select *
  from psp_event
  -- Equal, said so that only this index has the order: by the key, what is rare is looked for in all events.
  where (state, psp_account) >= (wanted.state, of.psp_account)
    and (state, psp_account, event_id) < (wanted.state, of.psp_account, p -> 'after' ->> 'id')
  order by state desc, psp_account desc, event_id desc
  limit (p ->> 'limit')::int
) e
order by e.event_id desc
limit (:input::jsonb ->> 'limit')::int
`;

/** Two accounts may have events of the same id: the newest. */
const SHOW_SQL = `
select ${COLUMNS}, e.body_sha256, e.body_bytes, encode(e.body, 'base64') as body
from (
  select event_id from psp_event where event_id = :input::jsonb ->> 'id'
  union
  select e.event_id
  from (select distinct psp_account from (${accountsOf()}) accounts) a
  join psp_event e on e.psp_account = a.psp_account and e.psp_event_id = :input::jsonb ->> 'id'
) named
join psp_event e using (event_id)
order by e.event_id desc
limit 1
`;

/** Every account that ever had an event, by a walk over an index. */
function accountsOf(): string {
  return `
  with recursive walk as (
    select min(psp_account) as psp_account from psp_event
    union all
    select (select min(o.psp_account) from psp_event o where o.psp_account > walk.psp_account)
    from walk
    where walk.psp_account is not null
  )
  select psp_account from walk where psp_account is not null`;
}
