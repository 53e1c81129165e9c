-- Data that is removed after a retention period, by a login that may do nothing else. The ledger is never removed. The periods
-- are settings of the stage, which the database doesn't know; the triggers here enforce the shortest periods that may be set
-- (lib/stage-validation.ts) and what the API promises for idempotency keys.

-- The same merchant and buyer always have the same pseudonym. Deleting the salt makes the pseudonyms anonymous.
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

-- Only the purge may delete from append-only tables, not even the owner; and only rows that are old and whose order is terminal.
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
-- The accepting login overwrites only keys that have expired.
create trigger idempotency_key_unchanged_while_young before update on idempotency_key for each row
  when (old.created_at > clock() - interval '30 days')
  execute function refuse_while_young();

-- Poison is removed after an operator has closed it, an instruction's dead letter after its order has become terminal.
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
