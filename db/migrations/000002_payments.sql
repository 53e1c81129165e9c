-- One checkout by one buyer. `merchant_id` has no foreign key here or below: the authorizer has just read the merchant,
-- and the key-share locks of all payments on one merchant's row would serialise a busy merchant.
create table payment (
  payment_id         text primary key,
  merchant_id        text not null,
  merchant_reference text not null check (length(merchant_reference) between 1 and 128),
  buyer_id           text not null,
  payment_method     text not null,
  metadata           text not null,
  created_at         timestamptz not null,
  orders_total       smallint not null check (orders_total between 1 and 10),
  -- Counters rather than a status: two workers that finish two orders of one payment at once both count, where a
  -- status derived from a snapshot would miss the other's.
  orders_started     smallint not null default 0,
  orders_succeeded   smallint not null default 0,
  orders_failed      smallint not null default 0,
  status             text not null generated always as (
    case
      when orders_succeeded = orders_total then 'SUCCESS'
      when orders_failed = orders_total then 'FAILED'
      when orders_succeeded + orders_failed = orders_total then 'PARTIAL_SUCCESS'
      when orders_started = 0 then 'NOT_STARTED'
      else 'EXECUTING'
    end) stored,
  constraint payment_merchant_reference_is_unique unique (merchant_id, merchant_reference),
  check (orders_succeeded + orders_failed <= orders_started and orders_started <= orders_total)
);
create index payment_newest_first on payment (merchant_id, created_at desc, payment_id desc);
create index payment_newest_first_by_status on payment (merchant_id, status, created_at desc, payment_id desc);

-- One charge at one PSP.
create table payment_order (
  payment_order_id text primary key,
  payment_id       text not null references payment,
  merchant_id      text not null,
  position         smallint not null check (position between 0 and 9),
  amount_minor     bigint not null check (amount_minor between 1 and 9007199254740991),
  currency         text not null check (currency ~ '^[A-Z]{3}$'),
  -- Who is owed: [{"seller_id", "amount_minor" as text}], summing to the amount. One seller is one split.
  splits           jsonb not null,
  -- Whether the merchant wrote `splits` or a plain `seller_id`; the answer repeats the form of the request.
  is_split         boolean not null,
  psp              text not null,
  status           text not null default 'NOT_STARTED'
                   check (status in ('NOT_STARTED', 'EXECUTING', 'SUCCESS', 'FAILED')),
  status_detail    text default 'queued'
                   check (status_detail in ('queued', 'psp_requested', 'requires_action', 'authorized',
                                            'outcome_unknown', 'manual_review')),
  failure          jsonb,
  psp_reference    text,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  unique (payment_id, position),
  check (status <> 'FAILED' or failure is not null)
);

-- One operation to be carried out once. Leases, attempts and fences live here; this table is also the outbox.
create table instruction (
  instruction_id    text primary key,
  payment_order_id  text not null references payment_order,
  payment_id        text not null,
  merchant_id       text not null,
  seq               smallint not null,
  operation         text not null check (operation in ('charge', 'authorize', 'capture', 'void', 'refund')),
  state             text not null default 'ready'
                    check (state in ('ready', 'executing', 'succeeded', 'declined', 'requires_action', 'cancelled',
                                     'dead_lettered', 'quarantined')),
  reason            text,
  -- Never restarts. Attempts proven never to have reached the PSP are counted beside it: where the two differ, some
  -- earlier attempt may have charged, and the PSP is asked before anything is sent (rule 3).
  attempt_no        integer not null default 0,
  attempts_not_sent integer not null default 0,
  attempts_in_cycle integer not null default 0,
  cycle             integer not null default 0,
  claim_token       text,
  first_claimed_at  timestamptz,
  not_before        timestamptz not null,
  -- No message is on its way: the relay sends one when `not_before` has come (rule 9).
  parked            boolean not null default false,
  -- The number in the deduplication id of the newest message, and how often the relay has sent since a sign of life.
  send_no           integer not null default 0,
  resends           integer not null default 0,
  last_sent_at      timestamptz not null,
  unique (payment_order_id, seq),
  check (attempts_not_sent <= attempt_no)
);

-- When the relay should send an instruction's message (again), by rule 10; null: never. Immutable in truth: the
-- intervals hold neither days nor months, so no time zone enters.
create function relay_due_at(
  state text, parked boolean, attempt_no integer, resends integer, last_sent_at timestamptz, not_before timestamptz
) returns timestamptz language sql immutable parallel safe as $$
  select case
    when state not in ('ready', 'executing', 'dead_lettered') then null
    when state = 'dead_lettered' then greatest(last_sent_at, not_before) + interval '24 hours'
    when parked then not_before
    -- Never claimed: perhaps the send after the commit failed. The same deduplication id makes this harmless.
    when attempt_no = 0 and resends = 0 then last_sent_at + interval '1 minute'
    -- Past the deduplication window of 5 minutes, doubling up to 2^7 x 6 minutes = 12.8 hours.
    else greatest(last_sent_at, not_before)
         + interval '6 minutes' * (1 << least(resends - (attempt_no = 0)::integer, 7))
  end
$$;

alter table instruction add column relay_due_at timestamptz
  generated always as (relay_due_at(state, parked, attempt_no, resends, last_sent_at, not_before)) stored;
create index instruction_relay_due on instruction (relay_due_at) where relay_due_at is not null;
-- How long messages wait in the queue is read off the newest first claims; a block range index keeps their updates cheap.
create index instruction_first_claimed on instruction using brin (first_claimed_at);

-- Terminal is terminal: the code never tries, and the database would refuse.
create function refuse_leaving_a_terminal_state() returns trigger language plpgsql as $$ begin
  raise exception 'terminal state is immutable in %', tg_table_name
    using errcode = '23514', constraint = 'terminal_state_is_immutable';
end $$;
create trigger payment_order_terminal before update of status on payment_order for each row
  when (old.status in ('SUCCESS', 'FAILED') and new.status <> old.status)
  execute function refuse_leaving_a_terminal_state();
create trigger instruction_terminal before update of state on instruction for each row
  when (old.state in ('succeeded', 'declined', 'requires_action', 'cancelled') and new.state <> old.state)
  execute function refuse_leaving_a_terminal_state();

create function refuse_change() returns trigger language plpgsql as $$ begin
  raise exception '% on % is refused: it is append-only', tg_op, tg_table_name
    using errcode = '42501', constraint = tg_table_name || '_is_append_only';
end $$;

-- What a PSP was asked and said, for every attempt, a stale worker's too. `step` counts within the attempt.
create table evidence (
  instruction_id   text not null,
  attempt_no       integer not null,
  claim_token      text not null,
  step             smallint not null,
  payment_order_id text not null,
  action           text not null check (action in ('ask', 'send', 'skip')),
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

-- The stored answer to a POST. The body is text, not jsonb: a replay is byte for byte.
create table idempotency_key (
  merchant_id text not null,
  scope       text not null,
  key         text not null check (length(key) between 1 and 255),
  fingerprint text not null,
  status      smallint not null,
  location    text not null,
  body        text not null,
  created_at  timestamptz not null,
  primary key (merchant_id, scope, key)
);
create index idempotency_key_by_age on idempotency_key using brin (created_at);
