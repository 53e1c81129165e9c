/**
 * Over what an invariant is checked: payments or ledger transactions, in chunks by their keys; or what is small whatever was ever
 * paid, at once.
 */
export type InvariantScope = 'payments' | 'transactions' | 'whole';

export interface Invariant {
  readonly name: string;
  readonly scope: InvariantScope;
  /**
   * Rows with one column `subject`: whatever contradicts it. Of the scope `payments` it reads the chunk's `payments`, `orders` and
   * `instructions`; of `transactions` the chunk's `transactions` and `entries`. `moment.now` is the time.
   */
  readonly sql: string;
}

const SUCCEEDED_IS_BOOKED = 'a charge that succeeded has its ledger transaction, and no other has one';

/** The invariants that the database alone can show. */
export const INVARIANTS: readonly Invariant[] = [
  {
    name: 'debits equal credits in every ledger transaction and currency',
    scope: 'transactions',
    sql: `
      select ledger_transaction_id as subject
      from entries
      group by ledger_transaction_id, currency
      having sum(case direction when 'debit' then amount_minor::numeric else -amount_minor::numeric end) <> 0`,
  },
  {
    name: 'every ledger transaction has entries',
    scope: 'transactions',
    sql: `
      select t.ledger_transaction_id as subject
      from transactions t
      where not exists (
        select from ledger_entry e where e.ledger_transaction_id = t.ledger_transaction_id and e.entry_no = 0)`,
  },
  {
    // What was posted up to some moment is summed once, in chunks (see verification.ts); what came later is summed here.
    name: 'every balance is the sum of its entries',
    scope: 'whole',
    sql: `
      select merchant_id || ' ' || account_kind || ' ' || account_owner || ' ' || currency as subject
      from (
        select merchant_id, account_kind, account_owner, currency, posted_debits as debits, posted_credits as credits
        from account_balance
        union all
        select merchant_id, account_kind, account_owner, currency, -debits, -credits
        from verified_balance
        union all
        select merchant_id, account_kind, account_owner, currency,
               -coalesce(sum(amount_minor::numeric) filter (where direction = 'debit'), 0),
               -coalesce(sum(amount_minor::numeric) filter (where direction = 'credit'), 0)
        from ledger_entry
        where ledger_transaction_id > (select coalesce(max(balances_up_to), '') from verification)
        group by 1, 2, 3, 4
      ) both_sides
      group by merchant_id, account_kind, account_owner, currency
      having sum(debits) <> 0 or sum(credits) <> 0`,
  },
  {
    name: SUCCEEDED_IS_BOOKED,
    scope: 'payments',
    sql: `
      select i.instruction_id as subject
      from instructions i
      where i.operation = 'charge' and i.state = 'succeeded' and not exists (
        select from ledger_transaction t where t.source_id = i.instruction_id and t.posting_type = 'charge')`,
  },
  {
    name: SUCCEEDED_IS_BOOKED,
    scope: 'transactions',
    sql: `
      select t.source_id as subject
      from transactions t
      where t.posting_type = 'charge' and not exists (
        select from instruction i
        where i.instruction_id = t.source_id and i.operation = 'charge' and i.state = 'succeeded')`,
  },
  {
    // What balances may still be another's: a pair added to an old transaction moves money from one seller to the next.
    name: 'a charge’s ledger transaction books its order: amount, currency, merchant and splits',
    scope: 'transactions',
    sql: `
      select t.ledger_transaction_id as subject
      from transactions t
      join instruction i on i.instruction_id = t.source_id
      join payment_order o on o.payment_order_id = i.payment_order_id
      join (
        select ledger_transaction_id, count(*) as entries, min(merchant_id) as first_merchant,
               max(merchant_id) as last_merchant, min(currency) as first_currency, max(currency) as last_currency,
               sum(amount_minor) filter (where direction = 'debit') as debits
        from entries
        group by ledger_transaction_id
      ) e on e.ledger_transaction_id = t.ledger_transaction_id
      where t.posting_type = 'charge'
        and (t.merchant_id, e.first_merchant, e.last_merchant, e.first_currency, e.last_currency, e.debits, e.entries)
            is distinct from (o.merchant_id, o.merchant_id, o.merchant_id, o.currency, o.currency, o.amount_minor::numeric,
                              1::bigint + jsonb_array_length(o.splits))`,
  },
  {
    name: 'an order’s status agrees with its instruction’s state',
    scope: 'payments',
    sql: `
      select o.payment_order_id as subject
      from orders o
      join instructions i on i.payment_order_id = o.payment_order_id and i.operation = 'charge'
      where (o.status = 'SUCCESS') <> (i.state = 'succeeded')
         or (o.status = 'FAILED') <> (i.state in ('declined', 'cancelled'))
         or (i.state = 'quarantined') <> (coalesce(o.status_detail, '') = 'manual_review')`,
  },
  {
    name: 'a payment counts its orders by their status',
    scope: 'payments',
    sql: `
      select t.payment_id as subject
      from payments t
      join (
        select payment_id, count(*) as total, count(*) filter (where status <> 'NOT_STARTED') as started,
               count(*) filter (where status = 'SUCCESS') as succeeded, count(*) filter (where status = 'FAILED') as failed
        from orders
        group by payment_id
      ) o using (payment_id)
      where (t.orders_total, t.orders_started, t.orders_succeeded, t.orders_failed)
            <> (o.total, o.started, o.succeeded, o.failed)`,
  },
  {
    name: 'an order is of its payment’s merchant, and an instruction of its order’s payment and merchant',
    scope: 'payments',
    sql: `
      select o.payment_order_id as subject
      from orders o
      join payments t using (payment_id)
      where t.merchant_id <> o.merchant_id
      union all
      select i.instruction_id
      from instructions i
      join orders o using (payment_order_id)
      where (i.payment_id, i.merchant_id) <> (o.payment_id, o.merchant_id)`,
  },
  {
    name: 'splits sum to their order’s amount',
    scope: 'payments',
    sql: `
      select o.payment_order_id as subject
      from orders o
      cross join lateral (
        select sum((s ->> 'amount_minor')::numeric) as total from jsonb_array_elements(o.splits) s
      ) splits
      where splits.total is distinct from o.amount_minor`,
  },
  {
    name: 'what is dead-lettered or quarantined has a reason',
    scope: 'payments',
    sql: `
      select i.instruction_id as subject
      from instructions i
      left join dead_letter d on d.dead_letter_id = i.instruction_id
      where i.state in ('dead_lettered', 'quarantined') and (d.dead_letter_id is null or d.reason = '')`,
  },
  {
    name: 'a dead letter’s state agrees with its instruction’s state',
    scope: 'payments',
    sql: `
      select i.instruction_id as subject
      from instructions i
      join dead_letter d on d.dead_letter_id = i.instruction_id
      where d.state <> dead_letter_state(d, i.state) or not i.has_dead_letter`,
  },
  {
    name: 'nothing waits for a message that nobody will send',
    scope: 'payments',
    sql: `
      select i.instruction_id as subject
      from instructions i
      where i.state in ('ready', 'executing', 'dead_lettered')
        and i.relay_due_at is null and i.waits_for is null`,
  },
  {
    name: 'owners, grants, policies, triggers, functions and logins are as the newest deployment left them',
    scope: 'whole',
    sql: `
      select coalesce(g.guard, s.guard)
             || case when s.guard is null then ' is new' when g.guard is null then ' is gone' else ' was changed' end
             as subject
      from schema_guard g
      full join schema_seal s on s.guard = g.guard
      where g.state is distinct from s.state or g.guard is null or s.guard is null`,
  },
  {
    name: 'nothing is overdue: the relay runs, and what waits for a closed circuit or a lifted pause is sent',
    scope: 'whole',
    // Each by its index, and no more of it than tells that the relay is late.
    sql: `
      (select i.instruction_id as subject
       from moment
       cross join (values (true), (false)) as due(parked)
       cross join lateral (
         select instruction_id from instruction
         where parked = due.parked and relay_due_at < moment.now - interval '30 minutes'
         order by relay_due_at
         limit 1000
       ) i)
      union all
      (select i.instruction_id
       from (
         with recursive walk as (
           (select min(waits_for) as waits_for from instruction where waits_for is not null)
           union all
           select (select min(i.waits_for) from instruction i where i.waits_for > walk.waits_for)
           from walk
           where walk.waits_for is not null
         )
         select waits_for from walk where waits_for is not null
       ) cause
       left join psp_circuit c on cause.waits_for = 'circuit:' || c.psp
       -- A circuit or a limiter that is gone, or a pause whose end is not on the record any more, has been over for long.
       -- A rate is limited for some minutes after the newest 429.
       cross join lateral (
         select coalesce(
           case when cause.waits_for like 'pause:%' then
             (select max(l.at) from operation_log l where l.subject_id = cause.waits_for and l.action = 'resumed')
           when cause.waits_for like 'rate:%' then
             (select l.recovers_from from psp_limiter l where cause.waits_for = 'rate:' || l.psp)
           else c.changed_at end, '-infinity') as at
       ) over
       cross join lateral (
         select instruction_id from instruction
         where waits_for = cause.waits_for and not_before < clock() - interval '30 minutes'
         limit 1000
       ) i
       where over.at < clock() - interval '30 minutes'
         and not exists (select from processing_pause pp where cause.waits_for = 'pause:' || pp.pause_id))`,
  },
];
