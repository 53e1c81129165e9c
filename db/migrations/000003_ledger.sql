-- Append-only double entry. One transaction per cause: the same source can't be posted twice under one type.
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

-- Running sums. A seller's account has one row (shard 0). The platform's own accounts are in every batch, so each
-- batch adds to one of 32 rows of theirs. Sums of amounts up to 2^53 outgrow a bigint: numeric.
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

create function assert_balanced(checked_ids text[]) returns void language plpgsql as $$
declare
  unbalanced record;
begin
  select ids.id, e.currency into unbalanced
  from unnest(checked_ids) as ids(id)
  left join ledger_entry e on e.ledger_transaction_id = ids.id
  group by ids.id, e.currency
  having e.currency is null
      or sum(case e.direction when 'debit' then e.amount_minor::numeric else -e.amount_minor::numeric end) <> 0
  limit 1;
  if found then
    raise exception 'ledger transaction % does not balance in %', unbalanced.id, coalesce(unbalanced.currency, 'any currency: it has no entries')
      using errcode = '23514', constraint = 'ledger_transaction_balances';
  end if;
end $$;

-- At commit: each new transaction has entries, and they balance per currency.
create function assert_new_transaction_balances() returns trigger language plpgsql as $$ begin
  perform assert_balanced(array[new.ledger_transaction_id]);
  return null;
end $$;
create constraint trigger ledger_transaction_balances after insert on ledger_transaction
  deferrable initially deferred for each row execute function assert_new_transaction_balances();

-- Entries added to an older transaction must leave it balanced too.
create function assert_new_entries_balance() returns trigger language plpgsql as $$ begin
  perform assert_balanced((select array_agg(distinct ledger_transaction_id) from added));
  return null;
end $$;
create trigger ledger_entry_balances after insert on ledger_entry referencing new table as added
  for each statement execute function assert_new_entries_balance();

create trigger ledger_transaction_append_only before update or delete or truncate on ledger_transaction
  for each statement execute function refuse_change();
create trigger ledger_entry_append_only before update or delete or truncate on ledger_entry
  for each statement execute function refuse_change();
