-- The same two checks that debits equal credits, at a cost that doesn't grow with the ledger.

-- At commit: each new transaction has entries, and they balance per currency.
create or replace function assert_new_transaction_balances() returns trigger language plpgsql as $$ begin
  perform assert_balanced(new.ledger_transaction_id);
  return null;
end $$;

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
revoke all on function assert_balanced(text) from public;
grant execute on function assert_balanced(text) to oncepay_execute;

-- Entries are only ever added, and whatever stands balances: so what is added must balance by itself, and need not be
-- read together with what stands.
create or replace function assert_new_entries_balance() returns trigger language plpgsql as $$
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
drop function assert_balanced(text[]);

-- When the relay should send an instruction's message (again), as before, in a language that keeps its plan: PostgreSQL
-- can't put this SQL function's body into the statement (timestamps and intervals meet in it, which it holds to depend on
-- the time zone), and planned it anew for every statement that wrote an instruction, a third of what accepting cost.
create or replace function relay_due_at(
  state text, parked boolean, waits_for text, attempt_no integer, resends integer, last_sent_at timestamptz,
  not_before timestamptz
) returns timestamptz language plpgsql immutable parallel safe as $$ begin
  return case
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
  end;
end $$;
