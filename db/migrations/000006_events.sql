-- What PSPs send us: events. An event is never believed and changes no state. It is stored, and wakes the instruction that it
-- names, which is then looked up at its PSP.

create table psp_event (
  -- Ours; begins with the time of arrival, so that the order of ids is the order of arrival.
  event_id        text primary key,
  psp_account     text not null,
  -- The PSP's id of the event: a second delivery has the same.
  psp_event_id    text not null,
  type            text not null,
  object_id       text not null,
  -- The object's state by this event, in the PSP's words; empty where it names none.
  object_state    text not null,
  -- When the PSP says that the object changed, and when it signed this delivery.
  created_at      timestamptz not null,
  signed_at       timestamptz not null,
  received_at     timestamptz not null,
  -- What of ours the object names. Without foreign keys: an event may come before our own commit, or be of something else.
  instruction_id  text,
  payment_order_id text,
  -- `matched`: its instruction was woken. `ended`: its instruction had ended. `early`: what it names is not here yet.
  -- `unknown`: what it names did not come within an hour. `foreign`: it names nothing of this account's.
  state           text not null check (state in ('matched', 'ended', 'early', 'unknown', 'foreign')),
  -- Whether a later change of the same object was known already.
  is_reordered    boolean not null,
  -- How often it was delivered, in whatever events of the PSP; of a delivery beside the first one it may miss one.
  deliveries      integer not null default 1,
  body_sha256     text not null check (body_sha256 ~ '^[0-9a-f]{64}$'),
  body_bytes      integer not null,
  -- The first 16 KB, as they were signed.
  body            bytea not null check (length(body) <= 16384),
  constraint psp_event_delivered_once unique (psp_account, psp_event_id),
  -- Some PSPs make two events of one change. The time is part of it: an object may come back to an earlier state.
  constraint psp_event_of_one_change unique (psp_account, object_id, type, object_state, created_at)
);
create index psp_event_listed on psp_event (state, psp_account, event_id);
create index psp_event_newest on psp_event (psp_account, event_id);
-- Whether payments wait for a PSP whose events have stopped.
create index instruction_awaits on instruction (psp_account, first_claimed_at)
  where state in ('awaiting_buyer', 'awaiting_psp');

-- What a buyer's return to us needs: where to send him, and what to wake. Nothing for an order that isn't there.
create function order_return_v1(order_id text)
returns table (payment_id text, return_url text, open_instruction_ids text[])
language sql stable security definer set search_path = public, pg_temp as $$
  select min(i.payment_id), min(i.request ->> 'return_url'),
         coalesce(array_agg(i.instruction_id) filter (where not is_terminal(i.state)), '{}')
  from instruction i
  where i.payment_order_id = order_id and i.operation in ('charge', 'authorize')
  having count(*) > 0
$$;

-- An event holds what the PSP says about a payment, and is removed when the evidence of its time is.
create trigger psp_event_kept before delete on psp_event
  for each statement execute function refuse_deleting_but_by_purge();
create trigger psp_event_kept_while_young before delete on psp_event for each row
  when (old.received_at > clock() - interval '30 days')
  execute function refuse_while_young();

revoke all on function order_return_v1(text) from public;

-- receive: stores events and wakes what they name. It is the only login behind an address that anybody can call: it reads which
-- instruction is of which account and whether it has ended, nothing else of a payment, and can't change what it has stored.
grant insert, update (deliveries),
      select (event_id, psp_account, psp_event_id, type, object_id, object_state, created_at, state, deliveries)
  on psp_event to oncepay_receive;
grant select (instruction_id, payment_order_id, psp_account, state) on instruction to oncepay_receive;
grant execute on function is_terminal(text), wake_v1(text[]), order_return_v1(text) to oncepay_receive;
create policy named_by_events on instruction for select to oncepay_receive using (true);

-- relay: finds what events name that came before it.
grant select (event_id, psp_account, instruction_id, payment_order_id, received_at, state), update (state)
  on psp_event to oncepay_relay;
grant select (payment_order_id, psp_account, state) on instruction to oncepay_relay;
grant execute on function is_terminal(text), wake_v1(text[]) to oncepay_relay;

grant select, update (state) on psp_event to oncepay_operate;
grant execute on function is_terminal(text), wake_v1(text[]) to oncepay_operate;
grant select, delete on psp_event to oncepay_purge;
grant select (psp_account, event_id, received_at) on psp_event to oncepay_measure;
grant select (psp_account, first_claimed_at) on instruction to oncepay_measure;
