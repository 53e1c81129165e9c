-- Keys that rotate, caps on amounts, and a record of who did what from where.

-- Written by whoever checks the key, at most once an hour per key.
alter table api_key add column last_used_at timestamptz;

-- The old and the new key of a rotation, and no third. One operator at a time counts a merchant's keys, and each query of
-- the function sees what was committed meanwhile: two at once can't both add the second key.
create function refuse_third_valid_api_key() returns trigger language plpgsql as $$ begin
  perform pg_advisory_xact_lock(7082341, hashtext(new.merchant_id));
  if (select count(*) from api_key where merchant_id = new.merchant_id and revoked_at is null) >= 2 then
    -- The constraint is in the text too: the Data API tells no more than that.
    raise exception 'a third valid API key of % violates constraint "api_key_two_valid_at_once"', new.merchant_id
      using errcode = '23514', constraint = 'api_key_two_valid_at_once';
  end if;
  return new;
end $$;
create trigger api_key_two_valid_at_once before insert on api_key for each row
  when (new.revoked_at is null)
  execute function refuse_third_valid_api_key();
revoke all on function refuse_third_valid_api_key() from public;

-- The most that one payment may ask for in one currency. `*` stands for every merchant that has no cap of its own.
create table amount_cap (
  merchant_id      text not null,
  currency         text not null check (currency ~ '^[A-Z]{3}$'),
  max_amount_minor bigint not null check (max_amount_minor between 1 and 9007199254740991),
  set_at           timestamptz not null,
  set_by           text not null,
  primary key (merchant_id, currency)
);

-- From where: a machine, and on AWS the identity that the account knows. What the pipeline does of itself is `pipeline`.
alter table operation_log add column origin text not null default 'pipeline';
alter table operation_log drop constraint operation_log_action_check;
alter table operation_log add constraint operation_log_action_check check (action in (
  'dead_lettered', 'quarantined', 'redriven', 'redrive_started', 'redrive_cancelled', 'released', 'closed', 'paused',
  'resumed', 'merchant_created', 'key_created', 'key_revoked', 'cap_set', 'cap_cleared', 'ask_first_marked'));

-- Whoever checks a key notes that it was used; operators see it. Accepting asks for caps, which only operators set.
grant select (last_used_at), update (last_used_at) on api_key to oncepay_authorize;
grant select (last_used_at) on api_key to oncepay_operate;
grant select on amount_cap to oncepay_accept;
grant select, insert, update, delete on amount_cap to oncepay_operate;
alter table amount_cap enable row level security;
create policy own_or_everybodys on amount_cap for select to oncepay_accept
  using (merchant_id in ('*', (select acting_merchant())));
create policy all_merchants on amount_cap to oncepay_operate using (true) with check (true);
