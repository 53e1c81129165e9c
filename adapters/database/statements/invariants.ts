import type { Invariant } from './invariant.ts';
import { LEDGER_INVARIANTS } from './ledger-invariants.ts';

/** The invariants that the database alone can show. */
export const INVARIANTS: readonly Invariant[] = [
  ...LEDGER_INVARIANTS,
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
       -- A rate is limited for some minutes after the newest 429; a declared one always, and its next slot moves with each call.
       cross join lateral (
         select coalesce(
           case when cause.waits_for like 'pause:%' then
             (select max(l.at) from operation_log l where l.subject_id = cause.waits_for and l.action = 'resumed')
           when cause.waits_for like 'rate:%' then
             (select greatest(l.recovers_from, l.next_call_at) from psp_limiter l where cause.waits_for = 'rate:' || l.psp)
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
