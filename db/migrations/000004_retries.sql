-- How retries are bounded and where they end: circuits, pauses, dead letters, quarantine.

-- One row per PSP that has ever failed; a PSP without one is well. Learnt with the claim, written with the record.
create table psp_circuit (
  psp               text primary key,
  not_sent_in_a_row integer not null default 0,
  unknown_in_a_row  integer not null default 0,
  -- Null: closed. In the future: open. In the past: half-open, one probe at a time.
  open_until        timestamptz,
  open_seconds      integer not null default 0,
  probe_until       timestamptz,
  reason            text,
  changed_at        timestamptz not null
);

-- What an operator has paused: `all`, `psp:<name>` or `merchant:<id>`.
create table hold (
  hold_id   text primary key check (hold_id = 'all' or hold_id ~ '^(psp|merchant):.+$'),
  paused_at timestamptz not null,
  paused_by text not null,
  reason    text not null
);

-- What a parked instruction waits for beside the time: `circuit:<psp>` or `hold:<hold_id>`; null: `not_before` alone.
alter table instruction add column waits_for text check (waits_for is null or parked);
create index instruction_waiting on instruction (waits_for, not_before) where waits_for is not null;

alter table instruction drop column relay_due_at;
drop function relay_due_at(text, boolean, integer, integer, timestamptz, timestamptz);
create function relay_due_at(
  state text, parked boolean, waits_for text, attempt_no integer, resends integer, last_sent_at timestamptz,
  not_before timestamptz
) returns timestamptz language sql immutable parallel safe as $$
  select case
    when state not in ('ready', 'executing', 'dead_lettered') then null
    -- Even the dead-letter queue may have lost it.
    when state = 'dead_lettered' then greatest(last_sent_at, not_before) + interval '24 hours'
    -- Sent once what it waits for is over, not by the clock.
    when waits_for is not null then null
    when parked then not_before
    -- Never claimed: perhaps the send after the commit failed. The same deduplication id makes this harmless.
    when attempt_no = 0 and resends = 0 then last_sent_at + interval '1 minute'
    -- Past the deduplication window of 5 minutes, doubling up to 2^7 x 6 minutes = 12.8 hours.
    else greatest(last_sent_at, not_before)
         + interval '6 minutes' * (1 << least(resends - (attempt_no = 0)::integer, 7))
  end
$$;
alter table instruction add column relay_due_at timestamptz
  generated always as (relay_due_at(state, parked, waits_for, attempt_no, resends, last_sent_at, not_before)) stored;
create index instruction_relay_due on instruction (relay_due_at) where relay_due_at is not null;

alter table evidence drop constraint evidence_action_check;
alter table evidence add constraint evidence_action_check check (action in ('ask', 'send', 'cancel', 'close', 'skip'));

-- What died, and why. An instruction's letter bears its id and is what the instruction's state says it is (see the view
-- below); poison, which names no instruction, bears `sha256:` and the hash of its body, and keeps body and state here.
create table dead_letter (
  dead_letter_id text primary key,
  is_poison      boolean not null,
  poison_state   text check (poison_state in ('waiting', 'quarantined', 'closed')),
  -- Bytes, because a poisoned body may hold what text may not.
  poison_body    bytea,
  reason         text not null,
  -- Which trip through the dead-letter queue this is, from 0.
  cycle          integer not null default 0,
  times_seen     integer not null default 1,
  -- The message it was last seen in: the same one again is a retry, another one a redrive or a duplicate.
  message_id     text,
  first_seen_at  timestamptz not null,
  last_seen_at   timestamptz not null,
  redriven_at    timestamptz,
  check (is_poison = (poison_state is not null) and is_poison = (poison_body is not null))
);
create index dead_letter_newest on dead_letter (last_seen_at desc);

-- Who did what to a dead letter, a quarantine, a circuit or a pause, when and why; append-only.
create table operation_log (
  operation_log_id bigint generated always as identity primary key,
  subject_id       text not null,
  action           text not null check (action in (
    'dead_lettered', 'quarantined', 'redriven', 'released', 'closed', 'paused', 'resumed')),
  actor            text not null,
  reason           text not null,
  at               timestamptz not null
);
create index operation_log_by_subject on operation_log (subject_id, operation_log_id);
create trigger operation_log_append_only before update or delete or truncate on operation_log
  for each statement execute function refuse_change();

-- Whichever statement makes an instruction a dead letter or puts it to quarantine: the letter is written with it.
create function write_dead_letter() returns trigger language plpgsql as $$ begin
  insert into dead_letter as d (dead_letter_id, is_poison, reason, cycle, first_seen_at, last_seen_at)
  values (new.instruction_id, false, coalesce(new.reason, 'no reason was recorded'), new.cycle, clock(), clock())
  on conflict (dead_letter_id) do update
  set reason = excluded.reason, cycle = excluded.cycle, times_seen = d.times_seen + (new.state = 'dead_lettered')::integer,
      last_seen_at = excluded.last_seen_at, redriven_at = null;
  insert into operation_log (subject_id, action, actor, reason, at)
  values (new.instruction_id, new.state, 'pipeline', coalesce(new.reason, 'no reason was recorded'), clock());
  return null;
end $$;
create trigger instruction_dead_letter after update of state on instruction for each row
  when (new.state in ('dead_lettered', 'quarantined') and new.state <> old.state)
  execute function write_dead_letter();

-- `waiting` in the dead-letter queue, `redriven` from it, `quarantined`, or `settled`.
create view dead_letter_now as
select d.*, i.payment_order_id, i.payment_id, i.merchant_id, i.operation, i.attempt_no, o.psp, i.state as instruction_state,
       case
         when d.is_poison then
           case d.poison_state when 'closed' then 'settled'
                               when 'waiting' then case when d.redriven_at is null then 'waiting' else 'redriven' end
                               else d.poison_state end
         when i.state = 'dead_lettered' then case when d.redriven_at is null then 'waiting' else 'redriven' end
         when i.state = 'quarantined' then 'quarantined'
         when i.state in ('ready', 'executing') and d.redriven_at is null and d.message_id is not null then 'waiting'
         when i.state in ('ready', 'executing') then 'redriven'
         else 'settled'
       end as state
from dead_letter d
left join instruction i on i.instruction_id = d.dead_letter_id
left join payment_order o on o.payment_order_id = i.payment_order_id;
