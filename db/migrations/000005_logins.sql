-- What each login may do, by table and column. The logins are created before the migrations (adapters/database/set-up). A
-- migration that creates a table, column or function grants it to the logins that need it; nothing is granted to PUBLIC. No
-- login owns anything or bypasses row-level security.

-- authorize: reads a key's merchant and records that the key was used.
grant select (api_key_id, merchant_id, secret_hash, revoked_at, last_used_at), update (last_used_at) on api_key
  to oncepay_authorize;

-- accept: inserts rows, and updates only expired idempotency keys. Columns it may not write (states, counters, leases, times)
-- get their defaults.
grant select on amount_cap to oncepay_accept;
grant select, insert on idempotency_key to oncepay_accept;
grant update (fingerprint, status, location, body, created_at) on idempotency_key to oncepay_accept;
grant insert (payment_id, merchant_id, merchant_reference, buyer_id, payment_method, metadata, created_at, orders_total)
  on payment to oncepay_accept;
grant insert (payment_order_id, payment_id, merchant_id, position, amount_minor, currency, splits, is_split, psp_account,
              created_at, updated_at) on payment_order to oncepay_accept;
grant insert (instruction_id, group_id, payment_order_id, payment_id, merchant_id, operation, psp_account, amount_minor,
              currency, splits, parent_id, request, request_version, send_by, not_before, last_sent_at, correlation_id)
  on instruction to oncepay_accept;

-- read: reads payments and balances, but no API keys and no instructions.
grant select on payment, payment_order, evidence, movement, account_balance to oncepay_read;

-- execute: claims and records. It can't read the buyer, and can't change the amount, currency, splits or PSP account that was accepted.
-- It can insert into ledger and evidence, but not change them.
grant select (payment_id, orders_started, orders_succeeded, orders_failed) on payment to oncepay_execute;
grant update (orders_started, orders_succeeded, orders_failed) on payment to oncepay_execute;
grant select on payment_order, instruction to oncepay_execute;
grant update (status, status_detail, next_action, failure, psp_reference, authorized, released, captured, capture_pending,
              refunded, refund_pending, disputed_open, disputed_lost, reversed, updated_at) on payment_order to oncepay_execute;
grant update (state, reason, attempt_no, attempts_not_sent, attempts_in_cycle, cycle, claim_token, first_claimed_at,
              not_before, parked, waits_for, psp_slot_at, resends, has_dead_letter, awaits, poll_at, expires_at, woken_at,
              psp_reference, credential_version) on instruction to oncepay_execute;
grant select, insert on evidence, movement, ledger_transaction, ledger_entry to oncepay_execute;
grant select, insert on account_balance to oncepay_execute;
grant update (posted_debits, posted_credits, pending_debits, pending_credits) on account_balance to oncepay_execute;
grant select, insert, update on psp_circuit to oncepay_execute;
grant select, insert, update, delete on psp_limiter to oncepay_execute;
grant select on processing_pause to oncepay_execute;
grant select, insert on dead_letter to oncepay_execute;
grant update (poison_state, reason, cycle, times_seen, message_id, last_seen_at, redriven_at) on dead_letter
  to oncepay_execute;
grant insert on operation_log to oncepay_execute;

-- relay: records that it sends an instruction's message again, and takes slots of its PSP's rate. It can't change states or read
-- amounts and evidence.
grant select (instruction_id, group_id, payment_id, correlation_id, operation, attempt_no, attempts_not_sent, parked,
              waits_for, send_no, resends, first_claimed_at, last_sent_at, relay_due_at),
      update (send_no, resends, parked, waits_for, psp_slot_at, last_sent_at) on instruction to oncepay_relay;
grant select, update (next_call_at) on psp_limiter to oncepay_relay;
grant select (psp, open_until, probe_until) on psp_circuit to oncepay_relay;
grant select (pause_id) on processing_pause to oncepay_relay;

-- redrive: sends dead letters back and registers those that it finds in the queue. Of an instruction it can change only
-- `has_dead_letter`.
grant select (instruction_id, group_id, operation, psp_account, state, reason, attempt_no, cycle, correlation_id,
              has_dead_letter), update (has_dead_letter) on instruction to oncepay_redrive;
grant select (psp, open_until) on psp_circuit to oncepay_redrive;
grant select (pause_id) on processing_pause to oncepay_redrive;
grant select, insert on dead_letter to oncepay_redrive;
grant update (poison_state, reason, cycle, times_seen, message_id, last_seen_at, redriven_at) on dead_letter
  to oncepay_redrive;
grant select on dead_letter_now to oncepay_redrive;
grant insert on operation_log to oncepay_redrive;

-- operate: reads everything but the hashes of keys; pauses, sets caps, creates and revokes keys. As a member of execute and
-- redrive it has their rights too: an operator who closes a quarantine records it as the executor does.
grant select on merchant, payment, payment_order, instruction, evidence, idempotency_key, movement, ledger_transaction,
  ledger_entry, account_balance, psp_circuit, psp_limiter, processing_pause, dead_letter, dead_letter_now, operation_log, amount_cap, job_run,
  schema_migration to oncepay_operate;
grant insert, delete on processing_pause to oncepay_operate;
grant insert on merchant to oncepay_operate;
grant select (api_key_id, merchant_id, created_at, revoked_at, last_used_at), insert, update (revoked_at) on api_key
  to oncepay_operate;
grant insert, update, delete on amount_cap to oncepay_operate;
grant select, update on verification to oncepay_operate;
grant select, insert, update, delete on verified_balance to oncepay_operate;

-- purge: removes what is old.
grant select, delete on idempotency_key, evidence, operation_log, dead_letter to oncepay_purge;
grant select (payment_id, merchant_id, buyer_id, status, created_at, purge_stage) on payment to oncepay_purge;
grant update (buyer_id, metadata, purge_stage) on payment to oncepay_purge;
grant select (payment_order_id, payment_id, status) on payment_order to oncepay_purge;
grant select (instruction_id, payment_order_id, state) on instruction to oncepay_purge;
grant select on pseudonym_salt to oncepay_purge;
grant select, insert, update on job_run to oncepay_purge;

-- measure: counts and sums. It can read neither merchants nor buyers.
grant select (payment_order_id, accepted_at, state, waits_for, relay_due_at) on instruction to oncepay_measure;
grant select (payment_order_id, amount_minor, currency, status_detail, updated_at) on payment_order to oncepay_measure;
grant select (currency, posted_debits, posted_credits) on account_balance to oncepay_measure;
grant select (psp, open_until) on psp_circuit to oncepay_measure;
grant select (pause_id) on processing_pause to oncepay_measure;
grant select (poison_state) on dead_letter to oncepay_measure;

-- Row-level security for the logins that act for one merchant. The functions that run their statements set the merchant
-- (adapters/database/merchant-statement.ts); if none is set, no rows are visible. This catches a forgotten filter, but not a
-- login that runs statements of its own, since it can set any merchant.
create function acting_merchant() returns text language sql stable parallel safe as
  $$ select nullif(current_setting('oncepay.merchant_id', true), '') $$;

-- Trigger functions run without a grant; other functions are granted to the logins that call them.
revoke all on function is_terminal(text), is_awaiting(text), wake_v1(text[]), relay_due_at(text, boolean, text, integer, integer, timestamptz, timestamptz),
  assert_new_transaction_has_entries(), assert_new_entries_balance(), refuse_change(),
  refuse_changing_a_movement(),
  refuse_leaving_a_terminal_state(), write_dead_letter(), dead_letter_state(dead_letter, text), keep_dead_letter_state(),
  mark_instruction(), refresh_dead_letter(), refuse_third_valid_api_key(), pseudonym(text, text, text),
  refuse_deleting_but_by_purge(), refuse_purging_evidence_early(), refuse_purging_log_early(), refuse_while_young(),
  refuse_purging_dead_letter_early(), refuse_order_without_its_payment(), refuse_instruction_of_another_order(), acting_merchant(),
  circuit_after_v1(psp_circuit, boolean, integer, integer, integer, text, jsonb, timestamptz),
  limiter_spacing_v1(psp_limiter, timestamptz), limiter_next_slot_v1(psp_limiter, timestamptz),
  limiter_room_v1(psp_limiter, timestamptz), limiter_after_v1(psp_limiter, integer, timestamptz) from public;
grant execute on function circuit_after_v1(psp_circuit, boolean, integer, integer, integer, text, jsonb, timestamptz),
  limiter_spacing_v1(psp_limiter, timestamptz), limiter_next_slot_v1(psp_limiter, timestamptz),
  limiter_room_v1(psp_limiter, timestamptz), limiter_after_v1(psp_limiter, integer, timestamptz) to oncepay_execute;
grant execute on function limiter_spacing_v1(psp_limiter, timestamptz), limiter_next_slot_v1(psp_limiter, timestamptz),
  limiter_room_v1(psp_limiter, timestamptz) to oncepay_relay;
grant execute on function relay_due_at(text, boolean, text, integer, integer, timestamptz, timestamptz)
  to oncepay_accept, oncepay_execute, oncepay_relay, oncepay_redrive;
grant execute on function is_terminal(text) to oncepay_execute, oncepay_purge;
grant execute on function is_awaiting(text) to oncepay_accept, oncepay_execute, oncepay_relay, oncepay_redrive;
grant execute on function dead_letter_state(dead_letter, text) to oncepay_execute, oncepay_redrive;
grant execute on function acting_merchant() to oncepay_accept, oncepay_read;
grant execute on function pseudonym(text, text, text) to oncepay_purge;

do $$
declare
  kept text;
begin
  foreach kept in array array['payment', 'payment_order', 'instruction', 'idempotency_key', 'movement',
                              'ledger_transaction', 'ledger_entry', 'account_balance', 'evidence'] loop
    execute format('alter table %I enable row level security', kept);
    -- Batches cross merchants, and so do operators; a policy that is always true costs nothing. The grants say what they
    -- may do.
    execute format('create policy all_merchants on %I to oncepay_execute, oncepay_operate using (true) with check (true)', kept);
  end loop;
  foreach kept in array array['payment', 'payment_order', 'movement', 'account_balance'] loop
    execute format('create policy own_merchant on %I for select to oncepay_read using (merchant_id = (select acting_merchant()))', kept);
  end loop;
  foreach kept in array array['payment', 'payment_order'] loop
    execute format('create policy accepted_merchant on %I for insert to oncepay_accept with check (merchant_id = (select acting_merchant()))', kept);
  end loop;
  foreach kept in array array['payment_order', 'instruction', 'idempotency_key', 'evidence'] loop
    execute format('create policy purge_of_all on %I to oncepay_purge using (true) with check (true)', kept);
  end loop;
  foreach kept in array array['payment_order', 'instruction', 'account_balance'] loop
    execute format('create policy all_merchants_counted on %I for select to oncepay_measure using (true)', kept);
  end loop;
end $$;
create policy relayed on instruction to oncepay_relay using (true) with check (true);
create policy redriven on instruction to oncepay_redrive using (true) with check (true);
-- The accepting login inserts only the first instruction of an order, so it can't charge an existing order again.
create policy accepted_merchant on instruction for insert to oncepay_accept
  with check (merchant_id = (select acting_merchant()) and parent_id is null and operation = 'charge');
create policy accepted_merchant on idempotency_key to oncepay_accept
  using (merchant_id = (select acting_merchant())) with check (merchant_id = (select acting_merchant()));
-- Evidence is visible if its order is, by the order's own policy.
create policy own_merchant on evidence for select to oncepay_read
  using (exists (select from payment_order o where o.payment_order_id = evidence.payment_order_id));
-- The purge removes the buyer of an old payment that has ended; other logins change payments too, so this is a policy.
create policy purge_of_all on payment for select to oncepay_purge using (true);
create policy purge_of_ended on payment for update to oncepay_purge
  using (created_at < clock() - interval '30 days' and status in ('SUCCESS', 'PARTIAL_SUCCESS', 'FAILED'));
alter table amount_cap enable row level security;
create policy own_or_everybodys on amount_cap for select to oncepay_accept
  using (merchant_id in ('*', (select acting_merchant())));
create policy all_merchants on amount_cap to oncepay_operate using (true) with check (true);

-- The stored statements that run for a merchant, by version (adapters/database/set-up/store-statements.ts).
create table stored_statement (
  name          text primary key,
  superseded_at timestamptz
);

-- Everything that enforces the rules: owners, grants, policies, triggers, functions and logins, one row each. The schema's owner
-- can change all of it; `oncepay verify` detects that by comparing it with the seal.
create view schema_guard as
with guarded as (
  select c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relrowsecurity
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and pg_get_userbyid(c.relowner) = 'oncepay_owner'
),
ours as (
  select r.oid, r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolcanlogin
  from pg_roles r
  where r.rolname like 'oncepay\_%'
)
select 'table ' || g.relname as guard,
       concat_ws(' ', g.relkind, g.relowner::regrole, 'rls', g.relrowsecurity,
         (select string_agg(a.item::text, ' ' order by a.item::text) from unnest(g.relacl) as a(item))) as state
from guarded g
union all
select 'column ' || g.relname || '.' || a.attname,
       (select string_agg(item::text, ' ' order by item::text) from unnest(a.attacl) as item)
from guarded g
join pg_attribute a on a.attrelid = g.oid and a.attnum > 0 and not a.attisdropped and a.attacl is not null
union all
select 'policy ' || p.polname || ' on ' || g.relname,
       concat_ws(' ', p.polcmd, p.polpermissive,
         (select string_agg(r::regrole::text, ' ' order by r::regrole::text) from unnest(p.polroles) as r),
         pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
from guarded g
join pg_policy p on p.polrelid = g.oid
union all
select 'trigger ' || t.tgname || ' on ' || g.relname, concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid))
from guarded g
join pg_trigger t on t.tgrelid = g.oid and not t.tgisinternal
union all
select 'constraint ' || k.conname || ' on ' || g.relname, concat_ws(' ', k.convalidated, pg_get_constraintdef(k.oid))
from guarded g
join pg_constraint k on k.conrelid = g.oid
union all
-- The clock is replaced by tests, which move time.
select 'function ' || p.oid::regprocedure,
       concat_ws(' ', p.proowner::regrole, p.prosecdef, case when p.proname <> 'clock' then md5(p.prosrc) end,
         (select string_agg(a.item::text, ' ' order by a.item::text) from unnest(p.proacl) as a(item)))
from pg_proc p
where p.pronamespace in (select oid from pg_namespace where nspname in ('public', 'credentials'))
  and p.proowner in (select oid from ours)
union all
select 'role ' || o.rolname,
       concat_ws(' ', 'login', o.rolcanlogin, 'superuser', o.rolsuper, 'bypassrls', o.rolbypassrls, 'createrole', o.rolcreaterole,
         'createdb', o.rolcreatedb, 'replication', o.rolreplication)
from ours o
union all
select 'membership of ' || m.member::regrole || ' in ' || m.roleid::regrole,
       string_agg(concat_ws(' ', 'admin', m.admin_option, 'inherit', m.inherit_option, 'set', m.set_option), ', '
                  order by m.admin_option, m.inherit_option, m.set_option)
from pg_auth_members m
where m.roleid in (select oid from ours)
group by m.member, m.roleid;
grant select on schema_guard to oncepay_operate;

-- The guard as the newest deployment left it.
create table schema_seal (
  guard text primary key,
  state text
);
grant select on schema_seal to oncepay_operate;
