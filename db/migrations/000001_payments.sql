-- Merchants and their API keys, payments, payment orders, and the stored answers of idempotent requests.

-- The clock that every rule of the protocol uses. Tests replace this function to move time.
create function clock() returns timestamptz language sql volatile parallel safe as 'select clock_timestamp()';

-- The database cancels a statement before its caller times out (6 s), so that a replay never runs beside the statement it
-- replays. Migrations set a longer time-out for themselves.
do $$ begin
  execute format('alter database %I set statement_timeout = %L', current_database(), '4s');
end $$;

-- Domains rather than checks on columns: a statement parses every check of the tables that it writes each time it runs. A session
-- keeps the checks of domains, and a column that does not change is not checked.
create domain currency_code as text check (value ~ '^[A-Z]{3}$');
-- The least unit of a currency; at most what a JSON number holds exactly.
create domain minor_units as bigint check (value between 1 and 9007199254740991);
create domain client_reference as text check (length(value) between 1 and 128);
create domain client_key as text check (length(value) between 1 and 255);
create domain reserved_units as bigint check (value >= 0);
-- How far a payment's own data has been removed: 0 nothing, 1 who the buyer is, 2 the evidence too.
create domain purge_stage as smallint check (value between 0 and 2);
create domain order_count as smallint check (value between 1 and 10);
create domain order_position as smallint check (value between 0 and 9);
create domain order_status as text check (value in ('NOT_STARTED', 'EXECUTING', 'SUCCESS', 'FAILED'));
create domain order_status_detail as text check (
  value in ('queued', 'psp_requested', 'awaiting_buyer', 'awaiting_psp', 'authorized', 'outcome_unknown', 'manual_review'));

create table merchant (
  merchant_id text primary key,
  name        text not null check (length(name) between 1 and 128),
  created_at  timestamptz not null
);

-- A key is `<api_key_id>` plus a secret part; only the SHA-256 of the secret is kept. 256 random bits need no salt.
create table api_key (
  api_key_id   text primary key,
  merchant_id  text not null references merchant,
  secret_hash  text not null check (secret_hash ~ '^[0-9a-f]{64}$'),
  created_at   timestamptz not null,
  revoked_at   timestamptz,
  -- Set when the key is used, at most once an hour.
  last_used_at timestamptz
);
create index api_key_by_merchant on api_key (merchant_id, created_at, api_key_id);
create index api_key_newest on api_key (created_at, api_key_id);
create index api_key_newest_valid on api_key (created_at, api_key_id) where revoked_at is null;

-- At most two valid keys: the old and the new one of a rotation. The lock serialises operators on one merchant, and each query
-- of the function sees what was committed before it, so two operators can't both add the second key.
create function refuse_third_valid_api_key() returns trigger language plpgsql as $$ begin
  perform pg_advisory_xact_lock(7082341, hashtext(new.merchant_id));
  if (select count(*) from api_key where merchant_id = new.merchant_id and revoked_at is null) >= 2 then
    -- The text names the constraint too: the Data API returns nothing but the text.
    raise exception 'a third valid API key of % violates constraint "api_key_two_valid_at_once"', new.merchant_id
      using errcode = '23514', constraint = 'api_key_two_valid_at_once';
  end if;
  return new;
end $$;
create trigger api_key_two_valid_at_once before insert on api_key for each row
  when (new.revoked_at is null)
  execute function refuse_third_valid_api_key();

-- The most that one payment may ask for in one currency. `*` stands for every merchant that has no cap of its own.
create table amount_cap (
  merchant_id      text not null,
  currency         currency_code not null,
  max_amount_minor minor_units not null,
  set_at           timestamptz not null,
  set_by           text not null,
  primary key (merchant_id, currency)
);

-- One checkout by one buyer. `merchant_id` has no foreign key here or below: the authorizer has just read the merchant,
-- and the key-share locks of all payments on one merchant's row would serialise a busy merchant.
create table payment (
  payment_id         text primary key,
  merchant_id        text not null,
  merchant_reference client_reference not null,
  buyer_id           text not null,
  payment_method     text not null,
  metadata           text not null,
  created_at         timestamptz not null,
  orders_total       order_count not null,
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
  purge_stage        purge_stage not null default 0,
  constraint payment_merchant_reference_is_unique unique (merchant_id, merchant_reference),
  check (orders_succeeded + orders_failed <= orders_started and orders_started <= orders_total)
);
-- Lists are read status by status, a page of each, so one index serves every filter of one merchant's payments, and another
-- those over all merchants. Ids begin with their time. The second index has another order, so that the planner does not use
-- it for one merchant's list.
create index payment_newest_first on payment (merchant_id, status, created_at desc, payment_id desc);
create index payment_newest_first_of_all on payment (status, payment_id);
create index payment_to_purge on payment (purge_stage, created_at)
  where purge_stage < 2 and status in ('SUCCESS', 'PARTIAL_SUCCESS', 'FAILED');

-- What the buyer is asked for, at one account of a PSP.
create table payment_order (
  payment_order_id text primary key,
  payment_id       text not null,
  merchant_id      text not null,
  position         order_position not null,
  amount_minor     minor_units not null,
  currency         currency_code not null,
  -- What each seller is owed: [{"seller_id", "amount_minor" as text}], summing to the amount. One seller is one split.
  splits           jsonb not null,
  -- Whether the merchant wrote `splits` or a plain `seller_id`; the answer repeats the form of the request.
  is_split         boolean not null,
  psp_account      text not null,
  status           order_status not null default 'NOT_STARTED',
  status_detail    order_status_detail default 'queued',
  -- What the buyer has to do next: {"type": "redirect", "url", "expires_at"}.
  next_action      jsonb,
  failure          jsonb,
  psp_reference    text,
  -- What became of the money, in minor units: the sum of the order's movements and of what is reserved for its open instructions
  -- (domain/ledger/order-amounts.ts). Only added to, never set. What we reserve can't be negative; what PSPs tell is not checked.
  authorized       bigint not null default 0,
  released         bigint not null default 0,
  captured         bigint not null default 0,
  capture_pending  reserved_units not null default 0,
  refunded         bigint not null default 0,
  refund_pending   reserved_units not null default 0,
  disputed_open    bigint not null default 0,
  disputed_lost    bigint not null default 0,
  reversed         bigint not null default 0,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  unique (payment_id, position),
  check (status <> 'FAILED' or failure is not null),
  check (next_action is null or status_detail = 'awaiting_buyer')
);

-- An order is inserted in the same transaction as its payment and for the same merchant: the accepting login can't add one to
-- an existing payment, nor change a payment. In place of a foreign key, which would need an index on what it names and lock the
-- payment's row; nobody deletes a payment.
create function refuse_order_without_its_payment() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$ begin
  if not exists (
    select from payment p
    where p.payment_id = new.payment_id and p.merchant_id = new.merchant_id and p.xmin = pg_current_xact_id()::xid
  ) then
    raise exception 'order % was not inserted with its payment', new.payment_order_id
      using errcode = '23503', constraint = 'payment_order_comes_with_its_payment';
  end if;
  return null;
end $$;
create trigger payment_order_comes_with_its_payment after insert on payment_order
  for each row execute function refuse_order_without_its_payment();

-- The stored answer to a POST. The body is text, not jsonb: a replay is byte for byte.
create table idempotency_key (
  merchant_id text not null,
  scope       text not null,
  key         client_key not null,
  fingerprint text not null,
  status      smallint not null,
  location    text not null,
  body        text not null,
  created_at  timestamptz not null,
  primary key (merchant_id, scope, key)
);
create index idempotency_key_by_age on idempotency_key using brin (created_at);
