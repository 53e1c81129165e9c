-- What is kept for a while and then removed, by a login that may do nothing else. The ledger is never removed. How long a
-- stage keeps things is its setting, which the database doesn't know; here is the least that any may set
-- (lib/stage-validation.ts), and what the API promises of idempotency keys.

-- Two pseudonyms are the same where merchant and buyer are. Deleting the salt makes pseudonyms anonymous.
create table pseudonym_salt (
  only_one boolean primary key default true check (only_one),
  salt     text not null
);
insert into pseudonym_salt (salt) values (gen_random_uuid()::text || gen_random_uuid()::text);

create function pseudonym(merchant_id text, buyer_id text, salt text) returns text
  language sql immutable parallel safe as
  $$ select 'erased_' || left(encode(sha256(convert_to(salt || chr(10) || merchant_id || chr(10) || buyer_id, 'UTF8')), 'hex'), 32) $$;

-- When a scheduled job last ran, and its report.
create table job_run (
  job         text primary key,
  finished_at timestamptz not null,
  report      jsonb not null
);

-- Only the purge deletes what is append-only, not even the owner does; and the purge only what is old, and of an order
-- that has ended.
create function refuse_deleting_but_by_purge() returns trigger language plpgsql as $$ begin
  if current_user not in ('oncepay_purge', 'oncepay_purge_alternate') then
    raise exception '% on % is refused: only the purge deletes from it', tg_op, tg_table_name
      using errcode = '42501', constraint = tg_table_name || '_is_append_only';
  end if;
  return null;
end $$;

create trigger evidence_kept before delete on evidence
  for each statement execute function refuse_deleting_but_by_purge();
create function refuse_purging_evidence_early() returns trigger language plpgsql as $$ begin
  if old.recorded_at > clock() - interval '30 days'
     or not exists (select from payment_order o
                    where o.payment_order_id = old.payment_order_id and o.status in ('SUCCESS', 'FAILED')) then
    raise exception 'the evidence of % is kept: it is young, or its order has not ended', old.payment_order_id
      using errcode = '42501', constraint = 'evidence_is_kept';
  end if;
  return old;
end $$;
create trigger evidence_kept_while_young before delete on evidence
  for each row execute function refuse_purging_evidence_early();

create trigger operation_log_kept before delete on operation_log
  for each statement execute function refuse_deleting_but_by_purge();
create function refuse_purging_log_early() returns trigger language plpgsql as $$ begin
  if old.at > clock() - interval '90 days' then
    raise exception 'the record of % is kept: it is young', old.subject_id
      using errcode = '42501', constraint = 'operation_log_is_kept';
  end if;
  return old;
end $$;
create trigger operation_log_kept_while_young before delete on operation_log
  for each row execute function refuse_purging_log_early();

create function refuse_while_young() returns trigger language plpgsql as $$ begin
  raise exception 'a row of % is kept: it is young', tg_table_name
    using errcode = '42501', constraint = tg_table_name || '_is_kept';
end $$;
create trigger idempotency_key_kept_while_young before delete on idempotency_key for each row
  when (old.created_at > clock() - interval '30 days')
  execute function refuse_while_young();
-- Accepting overwrites a key that has expired, and its login no other.
create trigger idempotency_key_stands_while_young before update on idempotency_key for each row
  when (old.created_at > clock() - interval '30 days')
  execute function refuse_while_young();

-- A poisoned body goes once a person has closed it, an instruction's dead letter once its order has ended.
create function refuse_purging_dead_letter_early() returns trigger language plpgsql as $$ begin
  if old.last_seen_at > clock() - interval '30 days'
     or old.is_poison and old.poison_state <> 'closed'
     or not old.is_poison and not exists (
       select from instruction i
       join payment_order o on o.payment_order_id = i.payment_order_id
       where i.instruction_id = old.dead_letter_id and o.status in ('SUCCESS', 'FAILED')) then
    raise exception 'the dead letter % is kept: it is young, or its instruction has not ended', old.dead_letter_id
      using errcode = '42501', constraint = 'dead_letter_is_kept';
  end if;
  return old;
end $$;
create trigger dead_letter_kept_while_young before delete on dead_letter
  for each row execute function refuse_purging_dead_letter_early();
