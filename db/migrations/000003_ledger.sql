-- Money that moved at a PSP, each movement once, whoever tells of it: an answer, an event, a look-up or the PSP's own list of
-- entries. What we asked for is named by its instruction and kind; what the PSP or somebody in its dashboard did is named by the
-- PSP's entry and kind.
create domain movement_kind as text check (
  value in ('authorization', 'authorization_release', 'charge', 'capture', 'refund', 'refund_failure', 'charge_reversal', 'dispute',
            'dispute_reversal', 'fee', 'fee_credit', 'reserve', 'reserve_release', 'payout', 'payout_failure', 'adjustment'));
create domain movement_origin as text check (value in ('own', 'psp'));
create table movement (
  movement_id      text primary key,
  merchant_id      text not null,
  psp_account      text not null,
  kind             movement_kind not null,
  -- The kind says which way it moved; only an adjustment may be negative.
  amount_minor     bigint not null check (amount_minor > 0 or kind = 'adjustment' and amount_minor < 0),
  currency         currency_code not null,
  occurred_at      timestamptz not null,
  -- When the PSP makes it available; null until the PSP says so.
  available_at     timestamptz,
  instruction_id   text,
  payment_order_id text,
  -- The PSP's own entry, attached once it is known.
  psp_entry_id     text,
  -- `own`: one of our instructions moved it. `psp`: the PSP did, or somebody in its dashboard.
  origin           movement_origin not null,
  constraint movement_has_a_name check (case origin when 'own' then instruction_id is not null else psp_entry_id is not null end)
);
create unique index movement_of_instruction_is_booked_once on movement (instruction_id, kind) where origin = 'own';
create unique index movement_of_entry_is_booked_once on movement (psp_account, psp_entry_id, kind)
  where psp_entry_id is not null;
create index movement_by_order on movement (payment_order_id) where payment_order_id is not null;

-- Append-only double-entry ledger. A source is a movement, a step of an instruction (a hold opened, a refund requested) or an
-- operator's action; it can't be posted twice under one posting type. What each type posts is in domain/ledger/posting.ts; a new
-- type needs no migration.
create domain source_kind as text check (value in ('movement', 'instruction', 'operation'));
create domain posting_type as text check (value ~ '^[a-z_]{1,40}$');
create table ledger_transaction (
  ledger_transaction_id text primary key,
  merchant_id           text not null,
  source_kind           source_kind not null,
  source_id             text not null,
  posting_type          posting_type not null,
  posted_at             timestamptz not null,
  constraint ledger_transaction_is_posted_once unique (source_kind, source_id, posting_type)
);

-- The chart of accounts is in domain/ledger/account.ts.
create domain account_kind as text check (
  value in ('psp_receivable', 'psp_reserve', 'psp_payout_in_transit', 'dispute_receivable', 'bank_cash', 'input_vat',
            'fx_position', 'seller_payable', 'seller_reserve', 'unallocated_seller_funds', 'buyer_refund_payable',
            'refund_clearing', 'payout_clearing', 'dispute_reserve', 'psp_invoice_payable', 'suspense',
            'platform_fee_revenue', 'psp_fee_expense', 'dispute_fee_expense', 'seller_debt_loss', 'platform_loss'));
create domain entry_direction as text check (value in ('debit', 'credit'));
-- A hold is `pending`; an entry that is `voided` releases as much of it.
create domain entry_phase as text check (value in ('pending', 'posted', 'voided'));
create domain entry_amount as bigint check (value > 0);
create table ledger_entry (
  ledger_transaction_id text not null,
  entry_no              smallint not null,
  merchant_id           text not null,
  account_kind          account_kind not null,
  account_owner         text not null,
  currency              currency_code not null,
  direction             entry_direction not null,
  phase                 entry_phase not null,
  amount_minor          entry_amount not null,
  primary key (ledger_transaction_id, entry_no)
);

-- Running sums. A seller's account has one row (shard 0). Every batch posts to the platform's own accounts, so these have 32 rows,
-- and a batch adds to one of them. The sums are numeric, since amounts up to 2^53 can overflow a bigint.
create table account_balance (
  merchant_id     text not null,
  account_kind    text not null,
  account_owner   text not null,
  currency        text not null,
  shard           smallint not null check (shard between 0 and 31),
  posted_debits   numeric(38, 0) not null default 0 check (posted_debits >= 0),
  posted_credits  numeric(38, 0) not null default 0 check (posted_credits >= 0),
  -- A hold may be released in another shard than the one that it was opened in, so a shard's pending sum may be negative.
  pending_debits  numeric(38, 0) not null default 0,
  pending_credits numeric(38, 0) not null default 0,
  primary key (merchant_id, account_kind, account_owner, currency, shard)
) with (fillfactor = 50);

-- At commit: each new transaction has entries.
create function assert_new_transaction_has_entries() returns trigger language plpgsql as $$ begin
  if not exists (select from ledger_entry e where e.ledger_transaction_id = new.ledger_transaction_id) then
    raise exception 'ledger transaction % has no entries', new.ledger_transaction_id
      using errcode = '23514', constraint = 'ledger_transaction_has_entries';
  end if;
  return null;
end $$;
create constraint trigger ledger_transaction_has_entries after insert on ledger_transaction
  deferrable initially deferred for each row execute function assert_new_transaction_has_entries();

-- Whatever one statement adds to a transaction balances per currency and phase; entries never change, so each transaction
-- balances. The cost doesn't grow with the ledger. In place of a foreign key: each entry's transaction exists, and none is deleted.
create function assert_new_entries_balance() returns trigger language plpgsql as $$
declare
  unbalanced record;
  orphan text;
begin
  select a.ledger_transaction_id into orphan
  from added a
  where not exists (select from ledger_transaction t where t.ledger_transaction_id = a.ledger_transaction_id)
  limit 1;
  if found then
    raise exception 'entries of ledger transaction %, which does not exist', orphan
      using errcode = '23503', constraint = 'ledger_entry_of_its_transaction';
  end if;
  select ledger_transaction_id, currency into unbalanced
  from added
  group by ledger_transaction_id, currency, phase
  having sum(case direction when 'debit' then amount_minor::numeric else -amount_minor::numeric end) <> 0
  limit 1;
  if found then
    raise exception 'ledger transaction % does not balance in %', unbalanced.ledger_transaction_id, unbalanced.currency
      using errcode = '23514', constraint = 'ledger_transaction_balances';
  end if;
  return null;
end $$;
create trigger ledger_entry_balances after insert on ledger_entry referencing new table as added
  for each statement execute function assert_new_entries_balance();

create trigger ledger_transaction_append_only before update or delete or truncate on ledger_transaction
  for each statement execute function refuse_change();
create trigger ledger_entry_append_only before update or delete or truncate on ledger_entry
  for each statement execute function refuse_change();

-- A movement never changes, but for what the PSP tells of it later: its entry and its date, each attached once.
create trigger movement_append_only before delete or truncate on movement
  for each statement execute function refuse_change();
create function refuse_changing_a_movement() returns trigger language plpgsql as $$ begin
  if to_jsonb(new) - array['psp_entry_id', 'available_at'] <> to_jsonb(old) - array['psp_entry_id', 'available_at']
     or new.psp_entry_id is distinct from old.psp_entry_id and old.psp_entry_id is not null
     or new.available_at is distinct from old.available_at and old.available_at is not null then
    raise exception 'the movement % is append-only: only an entry and a date that it lacks can be attached', old.movement_id
      using errcode = '42501', constraint = 'movement_is_append_only';
  end if;
  return new;
end $$;
create trigger movement_changed before update on movement for each row execute function refuse_changing_a_movement();

-- The checkpoint of `oncepay verify`: everything up to it was found correct (adapters/database/statements/verification.ts).
create table verification (
  only_one           boolean primary key default true check (only_one),
  payments_up_to     text not null default '',
  open_payments      jsonb not null default '[]',
  movements_up_to    text not null default '',
  transactions_up_to text not null default '',
  balances_up_to     text not null default '',
  verified_at        timestamptz
);
insert into verification default values;

-- The sums of all entries up to `balances_up_to`, to compare the balances with.
create table verified_balance (
  merchant_id     text not null,
  account_kind    text not null,
  account_owner   text not null,
  currency        text not null,
  posted_debits   numeric(38, 0) not null,
  posted_credits  numeric(38, 0) not null,
  pending_debits  numeric(38, 0) not null,
  pending_credits numeric(38, 0) not null,
  primary key (merchant_id, account_kind, account_owner, currency)
);
