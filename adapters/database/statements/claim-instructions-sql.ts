import { RESERVED_AMOUNT } from '../../../domain/ledger/order-amounts.ts';
import { CIRCUIT, LIMITER, PROBING } from './claim-admission-sql.ts';

/**
 * The statement that claims instructions, one constant per step; `CLAIM_SQL` at the end of this file joins them in order.
 * `claimInstructions` documents the input and the rows returned. An instruction passes three checks, each with its column:
 * `verdict` (its own row, its parent, pauses), `admission` (its PSP's circuit), `decision` (its PSP's rate).
 *
 * A session keeps its query plan. A plan made while the tables were empty would scan them for every batch, so every row is
 * found by its key: the limit in `input` removes no row but makes the planner expect ten rows rather than a hundred, and
 * the joins of the answer are lateral with a limit of one.
 */
const INPUT = `
moment as materialized (
  select clock() as now
),
parameter as materialized (
  select p.*
  from jsonb_to_record(:input::jsonb) as p(
    instructions jsonb, claim_token text, lease_seconds int, propagation_seconds jsonb, default_propagation_seconds int,
    attempts_per_cycle int, cycles int, probes int, credential_versions jsonb, declared_spacings jsonb)
),
input as materialized (
  select r.instruction_id, r.group_id, r.operation, max(r.dead_letter_cycle) as dead_letter_cycle
  from (
    select a.*
    from parameter, jsonb_to_recordset(instructions)
      as a(instruction_id text, group_id text, operation text, dead_letter_cycle int)
    limit (select jsonb_array_length(instructions) from parameter)
  ) r
  group by r.instruction_id, r.group_id, r.operation
)`;

/** By the whole key: a message that names another group or operation names an instruction that doesn't exist. */
const LOCKED = `
locked as materialized (
  select i.*
  from instruction i
  where (i.instruction_id, i.group_id, i.operation) in (select instruction_id, group_id, operation from input)
  order by i.instruction_id
  for update of i skip locked
)`;

/**
 * The verdict on each instruction from its own row, its parent and the operators' pauses; `free` if it may proceed. All that
 * the PSP is told is in the row: neither payment nor order is read for it.
 *
 * - A redriven dead letter that carries its cycle starts the next cycle. One without the cycle is a duplicate, or its
 *   worker died before it sent the dead letter: `exhausted`.
 * - Its parent must have succeeded; the queue's order is not relied on. If the parent failed, this one is never sent:
 *   `orphaned`. If no worker holds the parent, this one is parked: its message would not have been delivered if the parent's
 *   message were still ahead of it in the FIFO group.
 * - What awaits the buyer or the PSP is claimed when it is to be looked up or expires, and not before: `awaiting`.
 */
const CHECKED = `
checked as materialized (
  select l.*, l.psp_account as psp,
    l.cycle + (l.state = 'dead_lettered')::int as next_cycle,
    l.attempts_not_sent >= l.attempt_no as was_never_sent,
    credential_versions ->> l.psp_account as held_credential,
    case when l.state = 'dead_lettered' then 0 else l.attempts_in_cycle end as attempts_spent,
    case
      when is_terminal(l.state) then 'terminal'
      when l.state = 'quarantined' then 'quarantined'
      when l.state = 'executing' and l.claim_token = parameter.claim_token then 'mine'
      when parent.state in ('declined', 'cancelled') then 'orphaned'
      when parent.state <> 'succeeded' then 'waiting'
      when l.not_before > moment.now then case when is_awaiting(l.state) then 'awaiting' else 'not_before' end
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
    parent.state <> 'executing' or parent.not_before <= moment.now as parent_is_idle,
    case when parent.state <> 'succeeded' then greatest(l.not_before, parent.not_before)
         else l.not_before end as free_at
  from locked l
  join input on (input.instruction_id, input.group_id, input.operation) = (l.instruction_id, l.group_id, l.operation)
  cross join moment
  cross join parameter
  left join instruction parent on parent.instruction_id = l.parent_id
  left join lateral (
    select pp.pause_id
    from processing_pause pp
    where pp.pause_id in ('all', 'psp:' || l.psp_account, 'merchant:' || l.merchant_id)
    order by pp.pause_id
    limit 1
  ) pause on true
)`;

const CLAIMED = `
claimed as (
  update instruction i
  set state = 'executing',
      reason = null,
      attempt_no = i.attempt_no + 1,
      cycle = d.next_cycle,
      attempts_in_cycle = d.attempts_spent + 1,
      claim_token = parameter.claim_token,
      first_claimed_at = coalesce(i.first_claimed_at, moment.now),
      parked = false,
      waits_for = null,
      resends = 0,
      psp_slot_at = null,
      woken_at = null,
      credential_version = case when d.was_never_sent then d.held_credential else i.credential_version end,
      not_before = moment.now + make_interval(secs =>
        lease_seconds + coalesce((propagation_seconds ->> d.psp)::int, default_propagation_seconds))
  from decided d
  cross join moment
  cross join parameter
  where i.instruction_id = d.instruction_id and d.decision in ('claimed', 'resolve')
  returning i.instruction_id, i.payment_order_id, i.attempt_no
)`;

/** Instructions that wait, in the queue for a reserved slot or parked. None has a live lease: its verdict was `not_before`. */
const WAITING = `
reserved as (
  update instruction i
  set psp_slot_at = d.slot_at
  from decided d
  where i.instruction_id = d.instruction_id and d.decision = 'rate_limited' and d.is_reserved
),
parked as (
  update instruction i
  set state = 'ready',
      reason = case d.decision
        when 'paused' then 'paused: ' || d.pause
        when 'circuit_open' then 'the circuit of ' || d.psp || ' is open'
        when 'rate_limited' then 'the rate of ' || d.psp || ' is used up'
        else 'its parent has not ended'
      end,
      cycle = d.next_cycle,
      attempts_in_cycle = d.attempts_spent,
      parked = true,
      waits_for = case d.decision when 'paused' then d.pause when 'circuit_open' then 'circuit:' || d.psp
                                  when 'rate_limited' then 'rate:' || d.psp end,
      not_before = case when d.decision = 'waiting' then greatest(d.free_at, moment.now + interval '1 minute')
                        else i.not_before end
  from decided d, moment
  where i.instruction_id = d.instruction_id
    and (d.decision in ('paused', 'circuit_open')
         or d.decision = 'rate_limited' and not d.is_reserved
         or d.decision = 'waiting' and d.parent_is_idle and i.not_before <= moment.now
            and i.state <> 'dead_lettered')
  returning i.instruction_id
)`;

/** For each amount of an order, the operations that reserve theirs in it. */
const RESERVATIONS = [...Map.groupBy(Object.entries(RESERVED_AMOUNT), ([, amount]) => amount)].map(
  ([amount, reserving]) => [amount, reserving.map(([operation]) => `'${operation}'`)] as const,
);

/**
 * Instructions that are not tried again for now. One whose attempts are used up becomes a dead letter, or is quarantined if
 * resolving it crashed every time. One whose parent failed is cancelled, and what was reserved for it is released.
 */
const ENDED = `
ended as (
  update instruction i
  set state = case d.decision when 'orphaned' then 'cancelled' when 'exhausted' then 'dead_lettered' else 'quarantined' end,
      reason = case d.decision
        when 'orphaned' then 'its parent failed'
        else d.last_reason || ' (' || i.attempts_in_cycle || ' attempts in cycle ' || i.cycle || ')'
      end,
      parked = false,
      waits_for = null
  from decided d
  where i.instruction_id = d.instruction_id
    and (d.decision = 'orphaned' or d.decision in ('exhausted', 'given_up') and i.state <> 'dead_lettered')
  returning i.instruction_id, i.payment_order_id, i.operation, i.amount_minor, i.state, i.reason
),
reviewed as (
  update payment_order o
  set status_detail = 'manual_review', next_action = null, updated_at = moment.now
  from ended e, moment
  where o.payment_order_id = e.payment_order_id and e.state = 'quarantined' and o.status = 'EXECUTING'
),
released as (
  update payment_order o
  set ${RESERVATIONS.map(([name, operations]) => `${name} = o.${name} - case when e.operation in (${operations}) then e.amount_minor else 0 end`).join(', ')},
      updated_at = moment.now
  from ended e, moment
  where o.payment_order_id = e.payment_order_id and e.state = 'cancelled'
    and e.operation in (${RESERVATIONS.flatMap(([, operations]) => operations).join(', ')})
)`;

/** Orders whose first instruction is claimed. Payments are locked in the order of their ids: two workers can't deadlock. */
const COUNTERS = `
started as (
  update payment_order o
  set status = 'EXECUTING', status_detail = 'psp_requested', updated_at = moment.now
  from claimed c, moment
  where o.payment_order_id = c.payment_order_id and o.status = 'NOT_STARTED'
  returning o.payment_order_id, o.payment_id
),
payment_locked as materialized (
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
  join payment_locked using (payment_id)
  where t.payment_id = s.payment_id
)`;

/** One row per input. A claim that this invocation holds already resolves the instruction if it is past its last cycle. */
const ANSWER = `
select
  input.instruction_id, input.group_id, input.operation,
  case
    when d.decision = 'given_up' then 'quarantined'
    when d.decision = 'orphaned' then 'terminal'
    when d.decision = 'mine' and d.cycle >= parameter.cycles then 'resolve'
    when d.decision is not null then d.decision
    when known.instruction_id is null then 'missing'
    when (known.group_id, known.operation) = (input.group_id, input.operation) then 'locked'
    else 'mismatched'
  end as verdict,
  greatest(0, ceil(extract(epoch from
    case d.decision when 'circuit_open' then d.closed_at when 'rate_limited' then d.slot_at else d.free_at end
    - moment.now)))::int as seconds_left,
  k.instruction_id is not null or d.decision = 'waiting' and d.parked as parked,
  coalesce(e.reason, d.last_reason, known.operation || ' of ' || known.group_id) as reason,
  d.payment_order_id, d.payment_id, d.merchant_id,
  case when d.decision in ('claimed', 'resolve') then d.next_cycle else d.cycle end as cycle,
  coalesce(c.attempt_no, d.attempt_no) as attempt_no,
  d.attempts_not_sent >= coalesce(c.attempt_no, d.attempt_no) - 1 as all_proven_not_sent,
  d.was_never_sent or d.credential_version is not distinct from d.held_credential as is_same_credential,
  coalesce(d.send_by <= moment.now, false) as is_too_late_to_send,
  coalesce(extract(epoch from moment.now - d.first_claimed_at), 0)::int as age_seconds,
  d.correlation_id, d.psp_account, d.amount_minor::text as amount_minor, d.currency, d.splits::text as splits,
  d.request::text as request, d.request_version,
  d.awaits, d.psp_reference, floor(extract(epoch from moment.now - d.expires_at))::int as seconds_past_expiry,
  s.payment_order_id is not null as order_started,
  coalesce(d.is_probe, false) as is_probe
from input
cross join moment
cross join parameter
left join decided d on (d.instruction_id, d.group_id, d.operation) = (input.instruction_id, input.group_id, input.operation)
left join claimed c on c.instruction_id = d.instruction_id
left join parked k on k.instruction_id = d.instruction_id
left join ended e on e.instruction_id = d.instruction_id
left join lateral (select * from instruction where d.decision is null and instruction_id = input.instruction_id limit 1)
  known on true
left join started s on s.payment_order_id = d.payment_order_id
`;

export const CLAIM_SQL = `with ${[
  INPUT,
  LOCKED,
  CHECKED,
  CIRCUIT,
  LIMITER,
  PROBING,
  CLAIMED,
  WAITING,
  ENDED,
  COUNTERS,
].join(',')}
${ANSWER}`;
