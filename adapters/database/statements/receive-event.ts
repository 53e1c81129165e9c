import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import { MESSAGE, NO_MESSAGE, type WokenInstruction, wokenRow } from './wake-instructions.ts';

/** What became of an event. A `duplicate` was stored before, by its id or as another event of the same change. */
export const EVENT_STATES = ['matched', 'ended', 'early', 'unknown', 'foreign'] as const;
export type EventState = (typeof EVENT_STATES)[number];

/** An event whose signature was verified. Its content is not believed: it says what to look up. */
export interface VerifiedEvent {
  /** Ours. */
  readonly eventId: string;
  readonly pspAccount: string;
  /** The PSP's id, the same in each delivery. */
  readonly pspEventId: string;
  readonly type: string;
  readonly objectId: string;
  /** In the PSP's words; empty if the event names none. */
  readonly objectState: string;
  readonly createdAt: Date;
  /** When this delivery was signed. */
  readonly signedAt: Date;
  /** What of ours the object names; undefined for nothing. */
  readonly instructionId: string | undefined;
  readonly paymentOrderId: string | undefined;
  readonly body: {
    /** In hexadecimal digits. */
    readonly sha256: string;
    readonly bytes: number;
    /** At most 16 KB. */
    readonly beginning: Buffer;
  };
}

const messageRow = z.extend(wokenRow, { kind: z.literal('message') });
const eventRow = z.object({
  kind: z.literal('event'),
  state: z.enum([...EVENT_STATES, 'duplicate']),
});
const row = z.discriminatedUnion('kind', [messageRow, eventRow]);

export interface ReceivedEvent {
  readonly state: EventState | 'duplicate';
  /** The instructions whose message is to be sent. */
  readonly woken: readonly WokenInstruction[];
}

/**
 * Stores an event once and wakes the instruction that it names, in one statement: what wakes is never lost while the event is
 * kept, nor the other way round. A duplicate is counted and wakes nothing: the first has. Safe to replay.
 */
export async function receiveEvent(database: Database, event: VerifiedEvent): Promise<ReceivedEvent> {
  const rows = await database.execute(RECEIVE_SQL, {
    event_id: event.eventId,
    psp_account: event.pspAccount,
    psp_event_id: event.pspEventId,
    type: event.type,
    object_id: event.objectId,
    object_state: event.objectState,
    created_at: event.createdAt.toISOString(),
    signed_at: event.signedAt.toISOString(),
    instruction_id: event.instructionId,
    payment_order_id: event.paymentOrderId,
    body_sha256: event.body.sha256,
    body_bytes: event.body.bytes,
    body: event.body.beginning.toString('base64'),
  });
  const parsed = rows.map((found) => row.parse(found));
  return {
    state: parsed.find((found) => found.kind === 'event')?.state ?? 'duplicate',
    woken: parsed.filter((found) => found.kind === 'message'),
  };
}

/**
 * What an event names, and its state by that: instructions of another account are not its own, whoever signed it. An event that
 * names its instruction is about no other one of the order.
 */
export const NAMED_AND_STATE = {
  named: (events: string) => `
  select e.event_id, i.instruction_id, i.psp_account = e.psp_account as is_own, is_terminal(i.state) as has_ended
  from ${events} e
  join instruction i on i.instruction_id = e.instruction_id
  union all
  select e.event_id, i.instruction_id, i.psp_account = e.psp_account, is_terminal(i.state)
  from ${events} e
  join instruction i on i.payment_order_id = e.payment_order_id
  where e.instruction_id is null`,
  stateOf: (event: string) => `
  case
    when exists (select from named n where n.event_id = ${event}.event_id and n.is_own and not n.has_ended) then 'matched'
    when exists (select from named n where n.event_id = ${event}.event_id and n.is_own) then 'ended'
    when exists (select from named n where n.event_id = ${event}.event_id) then 'foreign'
    when coalesce(${event}.instruction_id, ${event}.payment_order_id) is null then 'foreign'
    else 'early'
  end`,
} as const;

export const RECEIVE_SQL = `
with moment as materialized (
  select clock() as now
),
given as materialized (
  select g.*
  from jsonb_to_record(:input::jsonb) as g(
    event_id text, psp_account text, psp_event_id text, type text, object_id text, object_state text,
    created_at timestamptz, signed_at timestamptz, instruction_id text, payment_order_id text, body_sha256 text,
    body_bytes int, body text)
),
named as materialized (${NAMED_AND_STATE.named('given')}
),
stored as (
  insert into psp_event (event_id, psp_account, psp_event_id, type, object_id, object_state, created_at, signed_at,
                         received_at, instruction_id, payment_order_id, state, is_reordered, body_sha256, body_bytes, body)
  select given.event_id, given.psp_account, given.psp_event_id, given.type, given.object_id, given.object_state,
         given.created_at, given.signed_at, moment.now, given.instruction_id, given.payment_order_id,
         ${NAMED_AND_STATE.stateOf('given')},
         exists (select from psp_event later
                 where later.psp_account = given.psp_account and later.object_id = given.object_id
                   and later.created_at > given.created_at),
         given.body_sha256, given.body_bytes, decode(given.body, 'base64')
  from given, moment
  on conflict do nothing
  returning event_id, state
),
known as materialized (
  -- Each by the index of its rule; a condition with both would read every event of the account.
  select e.event_id
  from given
  join psp_event e on e.psp_account = given.psp_account and e.psp_event_id = given.psp_event_id
  union
  select e.event_id
  from given
  join psp_event e on e.psp_account = given.psp_account and e.object_id = given.object_id and e.type = given.type
                      and e.object_state = given.object_state and e.created_at = given.created_at
),
counted as (
  update psp_event e
  set deliveries = e.deliveries + 1
  from known
  where e.event_id = known.event_id and not exists (select from stored)
),
woken as materialized (
  -- Not called for the most frequent event: that of an instruction which has ended.
  select w.*
  from stored
  cross join (select array_agg(instruction_id) as ids from named where is_own and not has_ended having count(*) > 0) open
  cross join lateral wake_v1(open.ids) w
)
select 'event' as kind, coalesce((select state from stored), 'duplicate') as state, ${NO_MESSAGE}
union all
select 'message', null, ${MESSAGE}
from woken
`;
