-- Append-only double-entry ledger. The same source can't be posted twice under one posting type.
create table ledger_transaction (
  ledger_transaction_id text primary key,
  merchant_id           text not null,
  source_id             text not null,
  posting_type          text not null check (posting_type in ('charge')),
  posted_at             timestamptz not null,
  constraint ledger_transaction_is_posted_once unique (source_id, posting_type)
);

create table ledger_entry (
  ledger_transaction_id text not null references ledger_transaction,
  entry_no              smallint not null,
  merchant_id           text not null,
  account_kind          text not null check (account_kind in (
    'psp_receivable', 'bank_cash', 'dispute_receivable', 'seller_payable', 'refund_clearing', 'payout_clearing',
    'dispute_reserve', 'suspense', 'platform_fee_revenue', 'psp_fee_expense', 'chargeback_loss')),
  account_owner         text not null,
  currency              text not null check (currency ~ '^[A-Z]{3}$'),
  direction             text not null check (direction in ('debit', 'credit')),
  amount_minor          bigint not null check (amount_minor > 0),
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
  pending_debits  numeric(38, 0) not null default 0 check (pending_debits >= 0),
  pending_credits numeric(38, 0) not null default 0 check (pending_credits >= 0),
  primary key (merchant_id, account_kind, account_owner, currency, shard)
) with (fillfactor = 50);

create function assert_balanced(checked_id text) returns void language plpgsql as $$
declare
  found_entries boolean;
  unbalanced text;
begin
  select count(*) > 0, min(currency) filter (where difference <> 0)
  into found_entries, unbalanced
  from (
    select currency, sum(case direction when 'debit' then amount_minor::numeric else -amount_minor::numeric end) as difference
    from ledger_entry
    where ledger_transaction_id = checked_id
    group by currency
  ) by_currency;
  if not found_entries or unbalanced is not null then
    raise exception 'ledger transaction % does not balance in %', checked_id,
                    coalesce(unbalanced, 'any currency: it has no entries')
      using errcode = '23514', constraint = 'ledger_transaction_balances';
  end if;
end $$;

-- At commit: each new transaction has entries, and they balance per currency.
create function assert_new_transaction_balances() returns trigger language plpgsql as $$ begin
  perform assert_balanced(new.ledger_transaction_id);
  return null;
end $$;
create constraint trigger ledger_transaction_balances after insert on ledger_transaction
  deferrable initially deferred for each row execute function assert_new_transaction_balances();

-- Existing entries balance and never change, so it is enough that the added ones balance. The cost doesn't grow with the ledger.
create function assert_new_entries_balance() returns trigger language plpgsql as $$
declare
  unbalanced record;
begin
  select ledger_transaction_id, currency into unbalanced
  from added
  group by ledger_transaction_id, currency
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

-- The checkpoint of `oncepay verify`: everything up to it was found correct (adapters/database/statements/verification.ts).
create table verification (
  only_one           boolean primary key default true check (only_one),
  payments_up_to     text not null default '',
  open_payments      jsonb not null default '[]',
  transactions_up_to text not null default '',
  balances_up_to     text not null default '',
  verified_at        timestamptz
);
insert into verification default values;

-- The sums of all entries up to `balances_up_to`, to compare the balances with.
create table verified_balance (
  merchant_id   text not null,
  account_kind  text not null,
  account_owner text not null,
  currency      text not null,
  debits        numeric(38, 0) not null,
  credits       numeric(38, 0) not null,
  primary key (merchant_id, account_kind, account_owner, currency)
);
