/**
 * See `claimInstructions` for what goes in and comes out.
 *
 * A session keeps its plan, and one made while the tables were empty would read them whole for every batch. So each row is
 * found by its key: the limit on what comes in limits nothing, but lets the planner take ten for granted where it would
 * a hundred, and the last joins are lateral with a limit, one by one.
 */
export const CLAIM_SQL = `
with moment as materialized (
  select clock() as now
),
parameter as materialized (
  select p, (p ->> 'attempts_per_cycle')::int as attempts_per_cycle, (p ->> 'cycles')::int as cycles,
         (p ->> 'lease_seconds')::int as lease_seconds, (p ->> 'probes')::int as probes
  from (select :input::jsonb as p) given
),
input as materialized (
  select asked.instruction_id, asked.payment_order_id, asked.operation, max(asked.dead_letter_cycle) as dead_letter_cycle
  from (
    select a.*
    from parameter, jsonb_to_recordset(p -> 'instructions')
      as a(instruction_id text, payment_order_id text, operation text, dead_letter_cycle int)
    limit (select jsonb_array_length(p -> 'instructions') from parameter)
  ) asked
  group by asked.instruction_id, asked.payment_order_id, asked.operation
),
locked as materialized (
  select i.*
  from instruction i
  -- By all that names it: a message with another order or operation asks for something that doesn't exist.
  where (i.instruction_id, i.payment_order_id, i.operation) in (
    select instruction_id, payment_order_id, operation from input)
  order by i.instruction_id
  for update of i skip locked
),
judged as materialized (
  select l.*, o.psp,
    -- A dead letter that comes back with its cycle starts the next.
    l.cycle + (l.state = 'dead_lettered')::int as next_cycle,
    case when l.state = 'dead_lettered' then 0 else l.attempts_in_cycle end as attempts_spent,
    case
      when is_terminal(l.state) then 'terminal'
      when l.state = 'quarantined' then 'quarantined'
      when l.state = 'executing' and l.claim_token = p ->> 'claim_token' then 'mine'
      when earlier.has_failed then 'orphaned'
      when earlier.not_before is not null then 'waiting'
      when l.not_before > moment.now then 'not_before'
      -- A duplicate, or the worker died before it sent the letter.
      when l.state = 'dead_lettered' and input.dead_letter_cycle is distinct from l.cycle then 'exhausted'
      when pause.pause_id is not null then 'paused'
      when l.state <> 'dead_lettered' and l.attempts_in_cycle >= parameter.attempts_per_cycle then
        case when l.cycle < parameter.cycles then 'exhausted' else 'given_up' end
      else 'free'
    end as verdict,
    case
      when l.state <> 'executing' then coalesce(l.reason, 'no reason was recorded')
      else 'attempt ' || l.attempt_no || ' started, never finished'
    end as last_reason,
    'pause:' || pause.pause_id as pause,
    earlier.is_idle as predecessor_is_idle,
    greatest(l.not_before, earlier.not_before) as free_at
  from locked l
  -- Whose token and whose books: only as its order says.
  join payment_order o
    on (o.payment_order_id, o.payment_id, o.merchant_id) = (l.payment_order_id, l.payment_id, l.merchant_id)
  join input on input.instruction_id = l.instruction_id and input.payment_order_id = l.payment_order_id
    and input.operation = l.operation
  cross join moment
  cross join parameter
  cross join lateral (
    -- Only when all earlier instructions of its order have done their part: the queue's order is not relied upon.
    select max(e.not_before) as not_before,
           -- In a FIFO group ours would not be here if its message were before it: that is behind ours, or nowhere.
           bool_or(e.state <> 'executing' or e.not_before <= moment.now) as is_idle,
           bool_or(e.state in ('declined', 'cancelled')) as has_failed
    from instruction e
    where e.payment_order_id = l.payment_order_id and e.seq < l.seq
      and e.state not in ('succeeded', 'requires_action')
  ) earlier
  left join lateral (
    select pp.pause_id
    from processing_pause pp
    where pp.pause_id in ('all', 'psp:' || o.psp, 'merchant:' || l.merchant_id)
    order by pp.pause_id
    limit 1
  ) pause on true
),
probing as (
  -- Of all workers that see a half-open circuit at once, this row's lock lets one probe, with few of its batch.
  update psp_circuit c
  set probe_until = moment.now + make_interval(secs => lease_seconds)
  from moment, parameter
  where c.psp in (select psp from judged where verdict = 'free')
    and c.open_until <= moment.now and coalesce(c.probe_until, '-infinity') <= moment.now
  returning c.psp
),
decided as materialized (
  select j.*,
    case
      when j.verdict <> 'free' then j.verdict
      when c.open_until is not null and (p.psp is null or j.place > parameter.probes) then 'circuit_open'
      when j.next_cycle >= parameter.cycles then 'resolve'
      else 'claimed'
    end as decision,
    c.open_until is not null as is_probe,
    greatest(c.open_until, c.probe_until) as closed_at
  from (
    select *, row_number() over (partition by psp, verdict order by instruction_id) as place from judged
  ) j
  cross join parameter
  left join psp_circuit c on c.psp = j.psp
  left join probing p on p.psp = j.psp
),
claimed as (
  update instruction i
  set state = 'executing',
      reason = null,
      attempt_no = i.attempt_no + 1,
      cycle = d.next_cycle,
      attempts_in_cycle = d.attempts_spent + 1,
      claim_token = p ->> 'claim_token',
      first_claimed_at = coalesce(i.first_claimed_at, moment.now),
      parked = false,
      waits_for = null,
      resends = 0,
      not_before = moment.now + make_interval(secs =>
        lease_seconds + coalesce((p -> 'propagation_seconds' ->> d.psp)::int, (p ->> 'default_propagation_seconds')::int))
  from decided d
  cross join moment
  cross join parameter
  where i.instruction_id = d.instruction_id and d.decision in ('claimed', 'resolve')
  returning i.instruction_id, i.payment_order_id, i.attempt_no
),
parked as (
  -- Never over a live lease: whatever still has one was judged not_before.
  update instruction i
  set state = 'ready',
      reason = case d.decision
        when 'paused' then 'paused: ' || d.pause
        when 'circuit_open' then 'the circuit of ' || d.psp || ' is open'
        else 'an earlier instruction of the order has not ended'
      end,
      cycle = d.next_cycle,
      attempts_in_cycle = d.attempts_spent,
      parked = true,
      waits_for = case d.decision when 'paused' then d.pause when 'circuit_open' then 'circuit:' || d.psp end,
      not_before = case when d.decision = 'waiting' then greatest(d.free_at, moment.now + interval '1 minute')
                        else i.not_before end
  from decided d, moment
  where i.instruction_id = d.instruction_id
    and (d.decision in ('paused', 'circuit_open')
         or d.decision = 'waiting' and d.predecessor_is_idle and i.not_before <= moment.now
            and i.state <> 'dead_lettered')
  returning i.instruction_id
),
ended as (
  -- Its attempts are used up: a dead letter; or, where even settling crashed each time, for a person to look at. What
  -- stands behind a failed one of its order is never sent.
  update instruction i
  set state = case d.decision when 'orphaned' then 'cancelled' when 'exhausted' then 'dead_lettered' else 'quarantined' end,
      reason = case d.decision
        when 'orphaned' then 'an earlier instruction of the order failed'
        else d.last_reason || ' (' || i.attempts_in_cycle || ' attempts in cycle ' || i.cycle || ')'
      end,
      parked = false,
      waits_for = null
  from decided d
  where i.instruction_id = d.instruction_id
    and (d.decision = 'orphaned' or d.decision in ('exhausted', 'given_up') and i.state <> 'dead_lettered')
  returning i.instruction_id, i.payment_order_id, i.state, i.reason
),
reviewed as (
  update payment_order o
  set status_detail = 'manual_review', updated_at = moment.now
  from ended e, moment
  where o.payment_order_id = e.payment_order_id and e.state = 'quarantined'
),
started as (
  update payment_order o
  set status = 'EXECUTING', status_detail = 'psp_requested', updated_at = moment.now
  from claimed c, moment
  where o.payment_order_id = c.payment_order_id and o.status = 'NOT_STARTED'
  returning o.payment_order_id, o.payment_id
),
touched as materialized (
  -- Payments in the order of their ids, so that two workers with orders of the same payments don't deadlock.
  select t.payment_id
  from payment t
  where t.payment_id in (select payment_id from started)
  order by t.payment_id
  for update of t
),
counted as (
  update payment t
  set orders_started = t.orders_started + s.orders
  from (select payment_id, count(*)::smallint as orders from started group by payment_id) s
  join touched using (payment_id)
  where t.payment_id = s.payment_id
)
select
  input.instruction_id, input.payment_order_id, input.operation,
  case
    when d.decision = 'given_up' then 'quarantined'
    when d.decision = 'orphaned' then 'terminal'
    when d.decision is not null then d.decision
    when known.instruction_id is null then 'missing'
    when (known.payment_order_id, known.operation, known.payment_id, known.merchant_id)
      = (input.payment_order_id, input.operation, o.payment_id, o.merchant_id) then 'locked'
    else 'mismatched'
  end as verdict,
  greatest(0, ceil(extract(epoch from
    case when d.decision = 'circuit_open' then d.closed_at else d.free_at end - moment.now)))::int as seconds_left,
  k.instruction_id is not null as parked,
  coalesce(e.reason, d.last_reason, known.operation || ' of ' || known.payment_order_id
    || case when (known.payment_id, known.merchant_id) <> (o.payment_id, o.merchant_id)
            then ' that says it is in ' || known.payment_id || ' of ' || known.merchant_id else '' end) as reason,
  d.payment_id, d.merchant_id,
  case when d.decision in ('claimed', 'resolve') then d.next_cycle else d.cycle end as cycle,
  coalesce(c.attempt_no, d.attempt_no) as attempt_no,
  d.attempts_not_sent >= coalesce(c.attempt_no, d.attempt_no) - 1 as all_proven_not_sent,
  coalesce(extract(epoch from moment.now - d.first_claimed_at), 0)::int as age_seconds,
  d.correlation_id, d.psp, t.payment_method, o.amount_minor::text as amount_minor, o.currency, o.splits::text as splits,
  s.payment_order_id is not null as order_started,
  coalesce(d.is_probe, false) as is_probe
from input
cross join moment
left join decided d on d.instruction_id = input.instruction_id and d.payment_order_id = input.payment_order_id
  and d.operation = input.operation
left join claimed c on c.instruction_id = d.instruction_id
left join parked k on k.instruction_id = d.instruction_id
left join ended e on e.instruction_id = d.instruction_id
left join lateral (select * from instruction where d.decision is null and instruction_id = input.instruction_id limit 1)
  known on true
left join lateral (
  select * from payment_order where payment_order_id = coalesce(d.payment_order_id, known.payment_order_id) limit 1)
  o on true
left join lateral (select payment_method from payment where payment_id = d.payment_id limit 1) t on true
left join started s on s.payment_order_id = d.payment_order_id
`;
