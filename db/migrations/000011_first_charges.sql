-- An order's instructions are numbered, each number once, and accepting makes the first alone: whoever holds its login
-- can't have an order that is there charged again.
drop policy accepted_merchant on instruction;
create policy accepted_merchant on instruction for insert to oncepay_accept
  with check (merchant_id = (select acting_merchant()) and seq = 0 and operation = 'charge');
