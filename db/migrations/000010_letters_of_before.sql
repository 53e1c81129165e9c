-- What was put to quarantine before there were letters gets its own: only what has one is listed, and can be settled.
insert into dead_letter (dead_letter_id, is_poison, reason, cycle, first_seen_at, last_seen_at)
select i.instruction_id, false, coalesce(i.reason, 'no reason was recorded'), i.cycle, o.updated_at, o.updated_at
from instruction i
join payment_order o on o.payment_order_id = i.payment_order_id
where i.state in ('dead_lettered', 'quarantined')
  and not exists (select from dead_letter d where d.dead_letter_id = i.instruction_id);
