-- An order comes with its payment: made in the same transaction, for the same merchant. Whoever holds the login that accepts
-- can't add one to a payment that is there. The number of the transaction is the database's own word: neither column is
-- granted to anybody, so that each insert gets the default. What was there before has 0, as no transaction has.
--
-- On a large table all that looks at each row is made beside the deployment (docs/operate.md), and found here.
alter table payment add column if not exists accepted_in xid8 not null default '0';
alter table payment_order add column if not exists accepted_in xid8 not null default '0';
create unique index if not exists payment_accepted_in on payment (payment_id, merchant_id, accepted_in);
do $$ begin
  if not exists (select from pg_constraint where conname = 'payment_order_comes_with_its_payment') then
    alter table payment_order add constraint payment_order_comes_with_its_payment
      foreign key (payment_id, merchant_id, accepted_in) references payment (payment_id, merchant_id, accepted_in) not valid;
  end if;
end $$;
alter table payment_order validate constraint payment_order_comes_with_its_payment;
alter table payment alter column accepted_in set default pg_current_xact_id();
alter table payment_order alter column accepted_in set default pg_current_xact_id();
-- The new one implies it, and accepting looks its payment up once, as before.
alter table payment_order drop constraint payment_order_payment_id_fkey;
