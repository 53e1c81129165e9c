-- The id of the API request that asked for the operation: it is in every log line about it, in its messages, and here,
-- where evidence (instruction_id) and ledger (source_id) are found by it. An instruction's own, since a later operation
-- of the same order comes with a request of its own.
alter table instruction add column correlation_id text;

-- When it was accepted, by the database's clock: how long it takes to its end is measured from here.
alter table instruction add column accepted_at timestamptz;
alter table instruction alter column accepted_at set default clock();

-- How many wait for a person, and for how long, is asked every minute.
create index instruction_quarantined on instruction (accepted_at) where state = 'quarantined';

-- The time comes by its default.
grant insert (correlation_id) on instruction to oncepay_accept;

-- Measuring counts and sums: it sees neither whose anything is nor who pays.
grant select (payment_order_id, accepted_at, state, waits_for, relay_due_at) on instruction to oncepay_measure;
grant select (payment_order_id, amount_minor, currency, status_detail, updated_at) on payment_order to oncepay_measure;
grant select (currency, posted_debits, posted_credits) on account_balance to oncepay_measure;
grant select (psp, open_until) on psp_circuit to oncepay_measure;
grant select (hold_id) on hold to oncepay_measure;
grant select (poison_state) on dead_letter to oncepay_measure;
do $$
declare
  counted text;
begin
  foreach counted in array array['payment_order', 'instruction', 'account_balance'] loop
    execute format('create policy all_merchants_counted on %I for select to oncepay_measure using (true)', counted);
  end loop;
end $$;
