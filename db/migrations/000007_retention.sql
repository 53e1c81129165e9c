-- What is kept for a while and then removed, by a login that may do nothing else. The ledger is never removed.

-- How far a payment's own data has been removed: 0 nothing, 1 who the buyer is, 2 the evidence too.
alter table payment add column purge_stage smallint not null default 0 check (purge_stage between 0 and 2);
create index payment_to_purge on payment (purge_stage, created_at)
  where purge_stage < 2 and status in ('SUCCESS', 'PARTIAL_SUCCESS', 'FAILED');

-- Two pseudonyms are the same where merchant and buyer are. Who deletes the salt makes pseudonyms anonymous.
create table pseudonym_salt (
  only_one boolean primary key default true check (only_one),
  salt     text not null
);
insert into pseudonym_salt (salt) values (gen_random_uuid()::text || gen_random_uuid()::text);

create function pseudonym(merchant_id text, buyer_id text, salt text) returns text
  language sql immutable parallel safe as
  $$ select 'erased_' || left(encode(sha256(convert_to(salt || chr(10) || merchant_id || chr(10) || buyer_id, 'UTF8')), 'hex'), 32) $$;
revoke all on function pseudonym(text, text, text) from public;

-- Nobody deletes what is append-only but the purge, not even the owner; and the purge only what is old, and of an order
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

drop trigger operation_log_append_only on operation_log;
create trigger operation_log_append_only before update or truncate on operation_log
  for each statement execute function refuse_change();
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
revoke all on function refuse_deleting_but_by_purge(), refuse_purging_evidence_early(), refuse_purging_log_early() from public;

-- When a scheduled job last ran, and what came of it.
create table job_run (
  job         text primary key,
  finished_at timestamptz not null,
  report      jsonb not null
);

grant select, delete on idempotency_key, evidence, operation_log, dead_letter to oncepay_purge;
grant select (payment_id, merchant_id, buyer_id, status, created_at, purge_stage) on payment to oncepay_purge;
grant update (buyer_id, metadata, purge_stage) on payment to oncepay_purge;
grant select (payment_order_id, payment_id, status) on payment_order to oncepay_purge;
grant select (instruction_id, payment_order_id, state) on instruction to oncepay_purge;
grant select on pseudonym_salt to oncepay_purge;
grant execute on function pseudonym(text, text, text) to oncepay_purge;
grant select, insert, update on job_run to oncepay_purge;
grant select on job_run to oncepay_operate;
grant select on schema_migration to oncepay_operate;

do $$
declare
  kept text;
begin
  foreach kept in array array['payment', 'payment_order', 'instruction', 'idempotency_key', 'evidence'] loop
    execute format('create policy purge_of_all on %I to oncepay_purge using (true) with check (true)', kept);
  end loop;
end $$;
