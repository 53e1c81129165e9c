-- What PSPs say that they moved: how far the list of each account was read, and what in it does not agree with our movements.

-- The checkpoint of an account's sweep. A run that ends in the middle of a period is resumed by the next one.
create table movement_sweep (
  psp_account text primary key,
  -- The beginning of the first period.
  begun_at    timestamptz not null,
  -- Everything up to here was read.
  swept_to    timestamptz not null,
  -- The period that is being read, the cursor of its next page, and when the last page was read; null between two periods.
  period_from timestamptz,
  period_to   timestamptz,
  cursor      text,
  read_at     timestamptz not null,
  -- Our movements up to this id were looked for in the list. Ids begin with their time.
  checked_to  text not null,
  check ((period_from is null) = (period_to is null) and (cursor is null or period_to is not null))
);

-- An entry of a PSP that belongs to no movement of ours, or to one that says something else; and a movement that the PSP does
-- not list. Nothing is booked for it: it is there for a person to look into.
create table movement_discrepancy (
  -- Begins with its time.
  discrepancy_id   text primary key,
  psp_account      text not null,
  -- `unknown`: the entry names nothing of ours. `not_finished`: it names an instruction that has not ended, and that was woken.
  -- `other_amount`: we booked another amount or currency. `other_object`: we booked another object or entry of the PSP for the
  -- same order. `not_successful`: our instruction ended without money. `missing`: the PSP does not list our movement.
  reason           text not null check (
    reason in ('unknown', 'not_finished', 'other_amount', 'other_object', 'not_successful', 'missing')),
  kind             movement_kind not null,
  amount_minor     bigint not null,
  currency         currency_code not null,
  occurred_at      timestamptz not null,
  available_at     timestamptz,
  -- In the PSP's words: its entry, its object, and what of ours the object names.
  psp_entry_id     text,
  psp_reference    text,
  reference        text,
  -- Ours, as far as it was found.
  movement_id      text,
  instruction_id   text,
  payment_order_id text,
  noted_at         timestamptz not null,
  -- When the entry was attached after all, or an operator closed it.
  resolved_at      timestamptz,
  check ((psp_entry_id is null) = (reason = 'missing') and (psp_entry_id is not null or movement_id is not null))
);
create unique index movement_discrepancy_of_entry on movement_discrepancy (psp_account, psp_entry_id, kind)
  where psp_entry_id is not null;
create unique index movement_discrepancy_of_movement on movement_discrepancy (movement_id) where psp_entry_id is null;
create index movement_discrepancy_open on movement_discrepancy (psp_account, reason, discrepancy_id) where resolved_at is null;
-- Without what names none, so that nothing else that looks for what is open is read by them.
create index movement_discrepancy_by_order on movement_discrepancy (payment_order_id, discrepancy_id)
  where resolved_at is null and payment_order_id is not null;
create index movement_discrepancy_by_reference on movement_discrepancy (reference, discrepancy_id)
  where resolved_at is null and reference is not null;

-- sweep: attaches the entry and the date to a movement that has neither, wakes what has not ended, notes what does not agree. It
-- can book nothing.
grant select (movement_id, psp_account, kind, amount_minor, currency, occurred_at, available_at, instruction_id, payment_order_id,
              psp_entry_id, origin),
      update (psp_entry_id, available_at) on movement to oncepay_sweep;
grant select (instruction_id, payment_order_id, operation, psp_account, state, psp_reference, accepted_at) on instruction
  to oncepay_sweep;
grant select, insert, update on movement_sweep to oncepay_sweep;
grant select, insert, update (reason, movement_id, instruction_id, payment_order_id, resolved_at) on movement_discrepancy
  to oncepay_sweep;
grant execute on function is_terminal(text), wake_v1(text[]) to oncepay_sweep;
create policy swept on movement to oncepay_sweep using (true) with check (true);
create policy swept on instruction for select to oncepay_sweep using (true);

grant select, update (resolved_at) on movement_discrepancy to oncepay_operate;
grant select on movement_sweep to oncepay_operate;
grant select (psp_account, reason, noted_at, resolved_at) on movement_discrepancy to oncepay_measure;
grant select (account_kind) on account_balance to oncepay_measure;
