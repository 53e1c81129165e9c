-- What the executor works on: instructions, evidence, circuits, rate limiters, pauses and dead letters.

create function is_terminal(state text) returns boolean language sql immutable parallel safe as
  $$ select state in ('succeeded', 'declined', 'cancelled') $$;

-- Accepted by the PSP, and the result comes later: when the buyer has acted, or when the PSP has decided.
create function is_awaiting(state text) returns boolean language sql immutable parallel safe as
  $$ select state in ('awaiting_buyer', 'awaiting_psp') $$;

-- When the relay sends an instruction's message (again), by rule 10; null: never. In plpgsql, which keeps its plan:
-- PostgreSQL can't inline this as an SQL function, since it considers sums of timestamps and intervals dependent on the time
-- zone, and would plan it again in every statement that writes an instruction. It is immutable: the intervals hold neither
-- days nor months.
create function relay_due_at(
  state text, parked boolean, waits_for text, attempt_no integer, resends integer, last_sent_at timestamptz,
  not_before timestamptz
) returns timestamptz language plpgsql immutable parallel safe as $$ begin
  return case
    when state not in ('ready', 'executing', 'awaiting_buyer', 'awaiting_psp', 'dead_lettered') then null
    -- The dead-letter queue may have lost it, too.
    when state = 'dead_lettered' then greatest(last_sent_at, not_before) + interval '24 hours'
    -- Sent when the cause of its waiting is over, not by the clock.
    when waits_for is not null then null
    when parked then not_before
    -- Never claimed: perhaps the send after the commit failed. The same deduplication id makes this harmless.
    when attempt_no = 0 and resends = 0 then last_sent_at + interval '1 minute'
    -- Past the deduplication window of 5 minutes, doubling up to 2^7 x 6 minutes = 12.8 hours.
    else greatest(last_sent_at, not_before)
         + interval '6 minutes' * (1 << least(resends - (attempt_no = 0)::integer, 7))
  end;
end $$;

create domain psp_operation as text check (value in ('charge', 'authorize', 'capture', 'void', 'refund', 'payout'));
create domain awaited as text check (value in ('buyer', 'psp'));
create domain instruction_state as text check (
  value in ('ready', 'executing', 'awaiting_buyer', 'awaiting_psp', 'succeeded', 'declined', 'cancelled', 'dead_lettered',
            'quarantined'));

-- One operation to be carried out once, at one account of a PSP. The row says all that the PSP must be told, and what is
-- accepted never changes: every attempt sends the same bytes. Leases, attempts and fences live here; this table is also the
-- outbox.
create table instruction (
  instruction_id    text primary key,
  -- What its messages name, and SQS's message group: the id of its order.
  group_id          text not null,
  payment_order_id  text,
  payment_id        text,
  merchant_id       text not null,
  operation         psp_operation not null,
  psp_account       text not null,
  amount_minor      minor_units not null,
  currency          currency_code not null,
  -- The amount by seller: [{"seller_id", "amount_minor" as text}].
  splits            jsonb not null,
  -- What must have succeeded before it.
  parent_id         text references instruction,
  -- What else the adapter needs, such as the payment method. Its version says how the adapter reads it, so that a later
  -- release sends the same bytes for it.
  request           jsonb not null,
  request_version   smallint not null,
  state             instruction_state not null default 'ready',
  reason            text,
  -- Never restarts. Attempts proven never to have reached the PSP are counted beside it: where the two differ, some
  -- earlier attempt may have charged, and the PSP is looked up before anything is sent (rule 3).
  attempt_no        integer not null default 0,
  attempts_not_sent integer not null default 0,
  attempts_in_cycle integer not null default 0,
  cycle             integer not null default 0,
  claim_token       text,
  first_claimed_at  timestamptz,
  not_before        timestamptz not null,
  -- What it waits for since the PSP accepted it; a claim keeps it, so that an attempt that crashed is another look-up and
  -- never another send.
  awaits            awaited,
  -- Until when the PSP takes it; null: at any time. Nothing is sent afterwards.
  send_by           timestamptz,
  -- When it is looked up next, and when it is invalidated. `not_before` is the earlier of the two while it waits.
  poll_at           timestamptz,
  expires_at        timestamptz,
  -- The newest event or return of the buyer since the last claim: a look-up that began before it may have missed it.
  woken_at          timestamptz,
  -- The PSP's id of what was requested, by which it is looked up once it is known.
  psp_reference     text,
  -- The version of our credential at the PSP with which it may have been sent.
  credential_version text,
  -- No message is on its way: the relay sends one when `not_before` has come (rule 9).
  parked            boolean not null default false,
  -- What a parked instruction waits for beside the time: `circuit:<psp>`, `rate:<psp>` or `pause:<pause_id>`; null:
  -- `not_before` alone.
  waits_for         text,
  -- When it may call its PSP, where the rate that the PSP takes is known and a slot was reserved.
  psp_slot_at       timestamptz,
  -- The number in the deduplication id of the newest message, and how often the relay has sent since a sign of life.
  send_no           integer not null default 0,
  resends           integer not null default 0,
  last_sent_at      timestamptz not null,
  -- By the database's clock: the time to a terminal state is measured from here.
  accepted_at       timestamptz not null default clock(),
  -- The id of the API request that asked for the operation: it is in every log line about it and in its messages. Evidence
  -- (instruction_id) and ledger (source_id) are found by it through this row.
  correlation_id    text,
  -- Whether it ever had a dead letter, whose state then has to follow its own.
  has_dead_letter   boolean not null default false,
  relay_due_at      timestamptz generated always as (
    relay_due_at(state, parked, waits_for, attempt_no, resends, last_sent_at, not_before)) stored,
  check (attempts_not_sent <= attempt_no and (waits_for is null or parked)),
  check (poll_at is not null and awaits is not null and expires_at is not null
         or state not in ('awaiting_buyer', 'awaiting_psp')),
  check (payment_order_id is null or (payment_id is not null and group_id = payment_order_id))
);
-- Finds an order's instructions. An order has one instruction that depends on no other, so nothing can charge it twice.
create unique index instruction_by_order on instruction
  (payment_order_id, (case when parent_id is null then '' else instruction_id end));
-- By `parked` first: while the queue is behind, the relay leaves out what is not parked, however much of it there is.
create index instruction_relay_due on instruction (parked, relay_due_at) where relay_due_at is not null;
create index instruction_waiting on instruction (waits_for, instruction_id) where waits_for is not null;
-- In hash order, so that a read from a random position picks instructions at random.
create index instruction_waiting_drawn on instruction (waits_for, md5(instruction_id)) where waits_for is not null;
-- The newest first claims show how long messages wait in the queue.
create index instruction_first_claimed on instruction (first_claimed_at) where first_claimed_at is not null;
-- How many wait for a person, and for how long, is measured every minute.
create index instruction_quarantined on instruction (accepted_at) where state = 'quarantined';

-- An instruction names its order together with the order's payment and merchant, so no login can add one to another
-- merchant's order. No foreign key, for the reasons given at `payment_order_comes_with_its_payment`.
create function refuse_instruction_of_another_order() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (
    select from payment_order o
    where o.payment_order_id = new.payment_order_id and o.payment_id = new.payment_id and o.merchant_id = new.merchant_id
  ) then
    raise exception 'instruction % names an order, a payment and a merchant that don''t belong together', new.instruction_id
      using errcode = '23503', constraint = 'instruction_of_its_order';
  end if;
  return null;
end $$;
create trigger instruction_of_its_order after insert on instruction for each row
  when (new.payment_order_id is not null)
  execute function refuse_instruction_of_another_order();

-- Terminal states are immutable. The code never changes one, and the database would refuse it.
create function refuse_leaving_a_terminal_state() returns trigger language plpgsql as $$ begin
  raise exception 'terminal state is immutable in %', tg_table_name
    using errcode = '23514', constraint = 'terminal_state_is_immutable';
end $$;
create trigger payment_order_terminal before update of status on payment_order for each row
  when (old.status in ('SUCCESS', 'FAILED') and new.status <> old.status)
  execute function refuse_leaving_a_terminal_state();
create trigger instruction_terminal before update of state on instruction for each row
  when (old.state in ('succeeded', 'declined', 'cancelled') and new.state <> old.state)
  execute function refuse_leaving_a_terminal_state();

-- An event of the PSP or the buyer's return: what waits is looked up now. It is believed in nothing else. Returns the
-- instructions whose message the caller sends; their sends are recorded as the relay's are, so the relay sends again what is
-- lost. What is executing or has a message on its way only notes that it was woken: the record looks at that. Nothing else is
-- locked: its next claim comes after this event anyway, and would skip a locked row.
create function wake_v1(ids text[]) returns table (
  instruction_id text, group_id text, payment_id text, correlation_id text, operation text, send_no integer)
language sql volatile security definer set search_path = public, pg_temp as $$
  with moment as materialized (
    select clock() as now
  ),
  locked as materialized (
    select i.instruction_id, is_awaiting(i.state) and i.parked as is_sent
    from instruction i
    where i.instruction_id = any (ids) and i.state in ('executing', 'awaiting_buyer', 'awaiting_psp')
    order by i.instruction_id
    for update of i
  ),
  woken as (
    update instruction i
    set woken_at = moment.now,
        poll_at = case when locked.is_sent then moment.now else i.poll_at end,
        not_before = case when locked.is_sent then moment.now else i.not_before end,
        parked = i.parked and not locked.is_sent,
        send_no = i.send_no + locked.is_sent::int,
        resends = case when locked.is_sent then 0 else i.resends end,
        last_sent_at = case when locked.is_sent then moment.now else i.last_sent_at end
    from locked, moment
    where i.instruction_id = locked.instruction_id
    returning i.instruction_id, i.group_id, i.payment_id, i.correlation_id, i.operation, i.send_no, locked.is_sent
  )
  select w.instruction_id, w.group_id, w.payment_id, w.correlation_id, w.operation, w.send_no from woken w where w.is_sent
$$;

create function refuse_change() returns trigger language plpgsql as $$ begin
  raise exception '% on % is refused: it is append-only', tg_op, tg_table_name
    using errcode = '42501', constraint = tg_table_name || '_is_append_only';
end $$;

-- The requests to PSPs and their answers, of every attempt, including a stale worker's. `step` counts within the attempt.
create domain psp_action as text check (value in ('look_up', 'send', 'invalidate', 'close', 'skip'));
create table evidence (
  instruction_id   text not null,
  attempt_no       integer not null,
  claim_token      text not null,
  step             smallint not null,
  payment_order_id text,
  action           psp_action not null,
  outcome          text not null,
  detail           jsonb not null,
  started_at       timestamptz not null,
  finished_at      timestamptz not null,
  recorded_at      timestamptz not null,
  primary key (instruction_id, attempt_no, claim_token, step)
);
create index evidence_by_order on evidence (payment_order_id);
create trigger evidence_append_only before update or truncate on evidence
  for each statement execute function refuse_change();

-- One row per PSP that has ever failed. Read by the claim, written by the record.
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

-- The next state of a PSP's circuit, from what the attempts of one batch observed. `trips` says after how many failures in a
-- row it opens (`not_sent`, `unknown`) and for how long (`open_seconds`, doubling up to `longest_seconds`). `circuit` is null
-- for a PSP that has never failed. `answered`: the PSP gave any answer but a refusal of our key.
create function circuit_after_v1(
  circuit psp_circuit, answered boolean, not_sent integer, unknown integer, misconfigured integer, why text, trips jsonb,
  observed_at timestamptz
) returns psp_circuit language plpgsql immutable parallel safe as $$
declare
  was_open constant boolean := circuit.open_until is not null;
begin
  if answered then
    circuit.not_sent_in_a_row := 0;
    circuit.unknown_in_a_row := 0;
    circuit.open_until := null;
    circuit.open_seconds := 0;
    circuit.probe_until := null;
    circuit.reason := null;
    circuit.changed_at := observed_at;
    return circuit;
  end if;

  -- A probe without a result, such as a 429: the next instruction may probe.
  if not_sent + unknown + misconfigured = 0 then
    circuit.probe_until := null;
    return circuit;
  end if;

  circuit.not_sent_in_a_row := coalesce(circuit.not_sent_in_a_row, 0) + not_sent;
  circuit.unknown_in_a_row := coalesce(circuit.unknown_in_a_row, 0) + unknown;
  circuit.reason := why;
  circuit.changed_at := observed_at;
  -- Already open: a late observation changes nothing more.
  if circuit.open_until > observed_at then
    return circuit;
  end if;

  circuit.probe_until := null;
  if was_open or misconfigured > 0
     or circuit.not_sent_in_a_row >= (trips ->> 'not_sent')::int
     or circuit.unknown_in_a_row >= (trips ->> 'unknown')::int then
    -- Half-open and failed again: twice as long.
    circuit.open_seconds := case
      when was_open then least(circuit.open_seconds * 2, (trips ->> 'longest_seconds')::int)
      else (trips ->> 'open_seconds')::int
    end;
    circuit.open_until := observed_at + make_interval(secs => circuit.open_seconds);
  else
    circuit.open_seconds := 0;
  end if;
  return circuit;
end $$;

-- The rate that a PSP accepts: one call per `declared_ms`, if its adapter declares a rate, and per `spacing_ms`, which is learnt
-- from its 429s. A PSP that neither declares a rate nor answers 429 has no row. A 429 doubles the spacing, and each minute without
-- one halves it; once no limit is left, the row is deleted.
create table psp_limiter (
  psp           text primary key,
  spacing_ms    integer not null check (spacing_ms between 0 and 10000),
  declared_ms   integer not null default 0 check (declared_ms between 0 and 60000),
  limited_at    timestamptz not null,
  -- The newest 429, or the end of what its `Retry-After` asks for.
  recovers_from timestamptz not null,
  -- The first free slot.
  next_call_at  timestamptz not null
);

-- Milliseconds from one call to the next; 0: no limit.
create function limiter_spacing_v1(limiter psp_limiter, at timestamptz) returns integer
language sql immutable parallel safe as $$
  select greatest(
    limiter.declared_ms,
    limiter.spacing_ms >> greatest(0, least(30, floor(extract(epoch from at - limiter.recovers_from) / 60)))::int)
$$;

-- The first free slot. Unused slots of the last second can still be taken, so that a whole batch can be sent at once.
-- In plpgsql, as those below, for the reason given at `relay_due_at`.
create function limiter_next_slot_v1(limiter psp_limiter, at timestamptz) returns timestamptz
language plpgsql immutable parallel safe as $$ begin
  return greatest(limiter.next_call_at, at - interval '1 second');
end $$;

-- How many slots are free within the next 15 seconds. No slots are reserved further ahead: the rate may be lower by then, and
-- messages that wait for their slot are in flight.
create function limiter_room_v1(limiter psp_limiter, at timestamptz) returns integer
language plpgsql immutable parallel safe as $$
declare
  spacing constant integer := limiter_spacing_v1(limiter, at);
  ahead_ms constant numeric := 1000 * extract(epoch from at + interval '15 seconds' - limiter_next_slot_v1(limiter, at));
begin
  return case when spacing = 0 then 2147483647 else greatest(0, floor(ahead_ms / spacing) + 1)::int end;
end $$;

-- The next state of a limiter after a 429. A new or recovered limiter starts at 50 calls a second; if that is too fast, further
-- 429s double the spacing within seconds. The slowest rate is one call in ten seconds, which finds out when a PSP accepts calls
-- again. 429s within one second count once, since several batches can meet the same limit. A `Retry-After` of more than an hour
-- delays its payment but not the whole account.
create function limiter_after_v1(limiter psp_limiter, retry_after_seconds integer, at timestamptz) returns psp_limiter
language plpgsql immutable parallel safe as $$
declare
  spacing constant integer := coalesce(limiter_spacing_v1(limiter, at), 0);
  silence constant interval := make_interval(secs => least(coalesce(retry_after_seconds, 0), 3600));
begin
  limiter.spacing_ms := case
    when spacing = 0 then 20
    when limiter.limited_at > at - interval '1 second' then spacing
    else least(spacing * 2, 10000)
  end;
  limiter.limited_at := at;
  limiter.recovers_from := greatest(limiter.recovers_from, at + silence);
  limiter.next_call_at := greatest(
    limiter.next_call_at, at + silence, at + interval '1 millisecond' * limiter.spacing_ms);
  return limiter;
end $$;

-- What an operator has paused: `all`, `psp:<name>` or `merchant:<id>`.
create table processing_pause (
  pause_id  text primary key check (pause_id = 'all' or pause_id ~ '^(psp|merchant):.+$'),
  paused_at timestamptz not null,
  paused_by text not null,
  reason    text not null
);

-- Dead letters and their reasons. An instruction's dead letter has the instruction's id, and its state follows the
-- instruction's. Poison names no instruction: its id is `sha256:` and the hash of its body, and body and state are kept here.
create table dead_letter (
  dead_letter_id text primary key,
  is_poison      boolean not null,
  poison_state   text check (poison_state in ('waiting', 'quarantined', 'closed')),
  -- Bytes, since a poison body may hold characters that text can't.
  poison_body    bytea,
  reason         text not null,
  -- How many times it was redriven: the cycle of attempts, from 0.
  cycle          integer not null default 0,
  times_seen     integer not null default 1,
  -- The message it was last seen in. The same one again is a retry; another one is a redrive or a duplicate.
  message_id     text,
  first_seen_at  timestamptz not null,
  last_seen_at   timestamptz not null,
  redriven_at    timestamptz,
  -- What `dead_letter_state` says, and the PSP's account, empty for poison: kept by triggers, for lists to be read by.
  state          text not null default 'waiting' check (state in ('waiting', 'redriven', 'quarantined', 'resolved')),
  psp            text not null default '',
  check (is_poison = (poison_state is not null) and is_poison = (poison_body is not null))
);
create index dead_letter_newest on dead_letter (state, psp, last_seen_at, dead_letter_id);
create index dead_letter_closed_poison on dead_letter (last_seen_at) where is_poison and poison_state = 'closed';

-- Operations on dead letters, quarantines, pauses, keys …: who did what, when, why and from where. Append-only.
create table operation_log (
  operation_log_id bigint generated always as identity primary key,
  subject_id       text not null,
  action           text not null check (action in (
    'dead_lettered', 'quarantined', 'redriven', 'released', 'closed', 'paused', 'resumed', 'merchant_created',
    'key_created', 'key_revoked', 'cap_set', 'cap_cleared', 'look_up_first_marked', 'event_replayed',
    'discrepancy_closed')),
  actor            text not null,
  reason           text not null,
  at               timestamptz not null,
  -- The machine, and on AWS the caller's IAM identity; `pipeline` for what the pipeline does by itself.
  origin           text not null default 'pipeline',
  by_people        boolean not null generated always as (origin <> 'pipeline') stored
);
-- Lists are read action by action, what people and what the pipeline did: so these serve every filter.
create index operation_log_by_action on operation_log (action, by_people, at desc, operation_log_id desc);
create index operation_log_by_actor on operation_log (actor, action, by_people, at desc, operation_log_id desc);
create index operation_log_by_subject on operation_log (subject_id, action, by_people, at desc, operation_log_id desc);
create trigger operation_log_append_only before update or truncate on operation_log
  for each statement execute function refuse_change();

-- Any statement that dead-letters or quarantines an instruction also writes its dead letter.
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

-- `waiting` in the dead-letter queue, `redriven` from it, `quarantined`, or `resolved`.
create function dead_letter_state(d dead_letter, instruction_state text) returns text
  language sql immutable parallel safe as $$
  select case
    when d.is_poison then
      case d.poison_state when 'closed' then 'resolved'
                               when 'waiting' then case when d.redriven_at is null then 'waiting' else 'redriven' end
                               else d.poison_state end
    when instruction_state = 'dead_lettered' then case when d.redriven_at is null then 'waiting' else 'redriven' end
    when instruction_state = 'quarantined' then 'quarantined'
    when instruction_state in ('ready', 'executing', 'awaiting_buyer', 'awaiting_psp') then
      case when d.redriven_at is null and d.message_id is not null then 'waiting' else 'redriven' end
    else 'resolved'
  end
$$;

-- Keeps a dead letter's state up to date when the dead letter or its instruction changes.
create function keep_dead_letter_state() returns trigger language plpgsql as $$
declare
  instruction_state text;
begin
  if not new.is_poison then
    select i.state, i.psp_account into instruction_state, new.psp
    from instruction i
    where i.instruction_id = new.dead_letter_id;
  end if;
  new.state := dead_letter_state(new, instruction_state);
  return new;
end $$;
create trigger dead_letter_state before insert or update on dead_letter
  for each row execute function keep_dead_letter_state();

create function mark_instruction() returns trigger language plpgsql as $$ begin
  update instruction set has_dead_letter = true where instruction_id = new.dead_letter_id and not has_dead_letter;
  return null;
end $$;
create trigger dead_letter_marks_instruction after insert on dead_letter for each row
  when (not new.is_poison)
  execute function mark_instruction();

create function refresh_dead_letter() returns trigger language plpgsql as $$ begin
  update dead_letter set redriven_at = redriven_at where dead_letter_id = new.instruction_id;
  return null;
end $$;
create trigger instruction_refreshes_dead_letter after update of state on instruction for each row
  when (new.has_dead_letter and new.state <> old.state and new.state not in ('dead_lettered', 'quarantined'))
  execute function refresh_dead_letter();

create view dead_letter_now as
select d.dead_letter_id, d.is_poison, d.poison_state, d.poison_body, d.reason, d.cycle, d.times_seen, d.message_id, d.first_seen_at,
       d.last_seen_at, d.redriven_at, d.state, nullif(d.psp, '') as psp, i.payment_order_id, i.payment_id, i.merchant_id, i.operation, i.attempt_no, i.state as instruction_state
from dead_letter d
left join instruction i on i.instruction_id = d.dead_letter_id;
