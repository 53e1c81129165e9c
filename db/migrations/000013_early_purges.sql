-- The purge removes what is old and nothing else. How long a stage keeps things is its setting, which the database doesn't
-- know; here is the least that any may set (lib/stage-validation.ts), and what the API promises of idempotency keys.
create function refuse_while_young() returns trigger language plpgsql as $$ begin
  raise exception 'a row of % is kept: it is young', tg_table_name
    using errcode = '42501', constraint = tg_table_name || '_is_kept';
end $$;
create trigger idempotency_key_kept_while_young before delete on idempotency_key for each row
  when (old.created_at > clock() - interval '30 days')
  execute function refuse_while_young();
-- Nor is it another's answer before that: accepting overwrites what has expired, and its login nothing else.
create trigger idempotency_key_stands_while_young before update on idempotency_key for each row
  when (old.created_at > clock() - interval '30 days')
  execute function refuse_while_young();

-- A poisoned body goes once a person has closed it, an instruction's letter once its order has ended.
create function refuse_purging_letter_early() returns trigger language plpgsql as $$ begin
  if old.last_seen_at > clock() - interval '30 days'
     or old.is_poison and old.poison_state <> 'closed'
     or not old.is_poison and not exists (
       select from instruction i
       join payment_order o on o.payment_order_id = i.payment_order_id
       where i.instruction_id = old.dead_letter_id and o.status in ('SUCCESS', 'FAILED')) then
    raise exception 'the dead letter % is kept: it is young, or what it is of has not ended', old.dead_letter_id
      using errcode = '42501', constraint = 'dead_letter_is_kept';
  end if;
  return old;
end $$;
create trigger dead_letter_kept_while_young before delete on dead_letter
  for each row execute function refuse_purging_letter_early();
revoke all on function refuse_while_young(), refuse_purging_letter_early() from public;

-- Nor does it take the buyer off a payment that is young or has not ended; others change payments too, so this is a policy.
drop policy purge_of_all on payment;
create policy purge_of_all on payment for select to oncepay_purge using (true);
create policy purge_of_ended on payment for update to oncepay_purge
  using (created_at < clock() - interval '30 days' and status in ('SUCCESS', 'PARTIAL_SUCCESS', 'FAILED'));
