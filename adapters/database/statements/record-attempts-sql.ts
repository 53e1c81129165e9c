import { ORDER_AMOUNTS } from '../../../domain/ledger/order-amounts.ts';
import { LEDGER } from './record-ledger-sql.ts';

/**
 * The statement that records attempts, one constant per step; `RECORD_SQL` at the end of this file joins them in order.
 * `recordAttempts` documents the input and the rows returned. `mode` is `attempt`, or `closing`: an operator's decision,
 * which has no claim and counts as the attempt that follows the one the operator saw last.
 *
 * The limit in `input` removes no row; it gives the planner a row estimate, as in the claim.
 */
const INPUT = `
moment as materialized (
  select clock() as now
),
parameter as materialized (
  select p.*
  from jsonb_to_record(:input::jsonb) as p(
    mode text, shard int, give_back_limit int, attempts jsonb, psps jsonb, trips jsonb, operator jsonb)
),
input as materialized (
  select r.*
  from parameter, jsonb_to_recordset(attempts) as r(
    instruction_id text, psp text, payment_order_id text, attempt_no int, claim_token text, costs_no_attempt boolean,
    may_give_back boolean, state text, reason text, wait_seconds int, parked boolean, waits_for text, not_sent int,
    awaits text, poll_seconds int, expires_at timestamptz, expires_seconds int, order_status text, order_status_detail text,
    next_action jsonb, failure jsonb, psp_reference text, amounts jsonb, movement jsonb, postings jsonb, steps jsonb)
  limit (select jsonb_array_length(attempts) from parameter)
),
observed as materialized (
  select o.*
  from parameter, jsonb_to_recordset(psps) as o(
    psp text, answered boolean, not_sent int, unknown int, misconfigured int, probed boolean, reason text,
    rate_limited int, retry_after_seconds int)
)`;

/** The fence: an attempt that no longer holds the claim (attempt number, token or state differs) changes nothing. */
const FENCE = `
locked as materialized (
  select i.instruction_id, i.woken_at, i.expires_at
  from instruction i
  join input r using (instruction_id)
  cross join parameter
  where case mode
    when 'attempt' then i.attempt_no = r.attempt_no and i.claim_token = r.claim_token and i.state = 'executing'
    when 'closing' then i.attempt_no = r.attempt_no - 1 and i.state = 'quarantined'
  end
  order by i.instruction_id
  for update of i
)`;

/** Evidence is written even for a stale worker. An operator's decision that came too late is not evidence. */
const EVIDENCE = `
evidence_written as (
  insert into evidence (instruction_id, attempt_no, claim_token, step, payment_order_id, action, outcome, detail,
                        started_at, finished_at, recorded_at)
  select r.instruction_id, r.attempt_no, r.claim_token, s.step, r.payment_order_id, s.action, s.outcome, s.detail,
         s.started_at, s.finished_at, moment.now
  from input r
  cross join moment
  cross join parameter
  cross join lateral jsonb_to_recordset(r.steps) as s(
    step smallint, action text, outcome text, detail jsonb, started_at timestamptz, finished_at timestamptz)
  where mode = 'attempt' or r.instruction_id in (select instruction_id from locked)
  on conflict do nothing
  returning instruction_id
),
newly_observed as materialized (
  -- Only PSPs with new evidence: a replay of this statement must not count a failure or a 429 twice.
  select o.*
  from observed o
  where exists (select from evidence_written join input r using (instruction_id) where r.psp = o.psp)
)`;

/** A healthy PSP costs no write and no lock: a row is written only on failure, and on the first answer after one. */
const CIRCUIT = `
circuit_failed as (
  insert into psp_circuit as c (psp, not_sent_in_a_row, unknown_in_a_row, open_until, open_seconds, reason, changed_at)
  select o.psp, n.not_sent_in_a_row, n.unknown_in_a_row, n.open_until, n.open_seconds, n.reason, n.changed_at
  from newly_observed o
  cross join moment
  cross join parameter
  cross join lateral circuit_after_v1(
    null, o.answered, o.not_sent, o.unknown, o.misconfigured, o.reason, trips, moment.now) n
  where not o.answered and o.not_sent + o.unknown + o.misconfigured > 0
  order by o.psp
  on conflict (psp) do update
  set (not_sent_in_a_row, unknown_in_a_row, open_until, open_seconds, probe_until, reason, changed_at) = (
    select n.not_sent_in_a_row, n.unknown_in_a_row, n.open_until, n.open_seconds, n.probe_until, n.reason, n.changed_at
    from newly_observed o
    cross join moment
    cross join parameter
    cross join lateral circuit_after_v1(
      c, o.answered, o.not_sent, o.unknown, o.misconfigured, o.reason, trips, moment.now) n
    where o.psp = excluded.psp
  )
  returning c.psp, c.open_until is not null as is_open
),
circuit_recovered as (
  update psp_circuit c
  set (not_sent_in_a_row, unknown_in_a_row, open_until, open_seconds, probe_until, reason, changed_at) = (
    select n.not_sent_in_a_row, n.unknown_in_a_row, n.open_until, n.open_seconds, n.probe_until, n.reason, n.changed_at
    from circuit_after_v1(c, o.answered, 0, 0, 0, '', trips, moment.now) n
  )
  from observed o, moment, parameter
  where c.psp = o.psp
    and (o.answered and (c.open_until is not null or c.not_sent_in_a_row > 0 or c.unknown_in_a_row > 0)
         or o.probed and not o.answered and o.not_sent + o.unknown + o.misconfigured = 0)
)`;

/** A PSP has a row from its first 429 until its rate has recovered. */
const LIMITER = `
limiter_widened as (
  insert into psp_limiter as l (psp, spacing_ms, limited_at, recovers_from, next_call_at)
  select o.psp, n.spacing_ms, n.limited_at, n.recovers_from, n.next_call_at
  from newly_observed o
  cross join moment
  cross join lateral limiter_after_v1(null, o.retry_after_seconds, moment.now) n
  where o.rate_limited > 0
  order by o.psp
  on conflict (psp) do update
  set (spacing_ms, limited_at, recovers_from, next_call_at) = (
    select n.spacing_ms, n.limited_at, n.recovers_from, n.next_call_at
    from newly_observed o
    cross join moment
    cross join lateral limiter_after_v1(l, o.retry_after_seconds, moment.now) n
    where o.psp = excluded.psp
  )
),
limiter_lifted as (
  delete from psp_limiter l
  using observed o, moment
  where l.psp = o.psp and o.answered and o.rate_limited = 0 and limiter_spacing_v1(l, moment.now) = 0
)`;

/**
 * The transition. An attempt that opened or probed the circuit says nothing about the instruction, so it is not counted
 * (rule 11), up to `give_back_limit` attempts. A rate-limited attempt is never counted.
 */
const TRANSITION = `
applied as (
  update instruction i
  set state = r.state,
      reason = r.reason,
      attempt_no = r.attempt_no,
      claim_token = r.claim_token,
      parked = r.parked,
      waits_for = r.waits_for,
      attempts_not_sent = i.attempts_not_sent + r.not_sent,
      attempts_in_cycle = i.attempts_in_cycle - (
        r.costs_no_attempt
        or r.may_give_back and i.attempt_no < give_back_limit
           and r.psp in (select psp from circuit_failed where is_open))::int,
      awaits = coalesce(r.awaits, i.awaits),
      poll_at = coalesce(next_look_up.poll_at, i.poll_at),
      expires_at = case when r.poll_seconds is null then i.expires_at else next_look_up.expires_at end,
      psp_reference = coalesce(r.psp_reference, i.psp_reference),
      not_before = coalesce(next_look_up.at, moment.now + make_interval(secs => r.wait_seconds), i.not_before)
  from input r
  join locked using (instruction_id)
  cross join moment
  cross join parameter
  cross join lateral (
    -- While it waits: at once if it was woken after it was claimed, else by the poll or when it expires.
    select w.poll_at, w.expires_at,
           case when w.poll_at is null then null when w.expires_at > moment.now then least(w.poll_at, w.expires_at)
                else w.poll_at end as at
    from (
      select case when r.poll_seconds is null then null when locked.woken_at is not null then moment.now
                  else moment.now + make_interval(secs => r.poll_seconds) end as poll_at,
             coalesce(r.expires_at, locked.expires_at, moment.now + make_interval(secs => r.expires_seconds)) as expires_at
    ) w
  ) next_look_up
  where i.instruction_id = r.instruction_id
  returning i.instruction_id, i.merchant_id, i.payment_id, i.state, i.parked, i.not_before, i.cycle, i.reason
),
order_before as materialized (
  -- As it is now: another instruction of the order may have been recorded since this statement began.
  select o.payment_order_id, o.status, o.status_detail, o.next_action
  from payment_order o
  where o.payment_order_id in (select payment_order_id from input join locked using (instruction_id))
  order by o.payment_order_id
  for update of o
),
order_news as materialized (
  -- Without a status, the order stays as it is but for its amounts.
  select r.*,
         r.order_status is not null
           and ((before.status, before.status_detail) is distinct from (r.order_status, r.order_status_detail)
                or r.next_action is not null and r.next_action is distinct from before.next_action) as is_news,
         before.status not in ('SUCCESS', 'FAILED') and r.order_status in ('SUCCESS', 'FAILED') as is_finished
  from input r
  join order_before before using (payment_order_id)
  join applied using (instruction_id)
),
order_changed as (
  update payment_order o
  set status = case when is_news then r.order_status else o.status end,
      status_detail = case when is_news then r.order_status_detail else o.status_detail end,
      next_action = case when not is_news then o.next_action
                         when r.order_status_detail = 'awaiting_buyer' then coalesce(r.next_action, o.next_action) end,
      failure = case when is_news then r.failure else o.failure end,
      psp_reference = case when is_news then coalesce(r.psp_reference, o.psp_reference) else o.psp_reference end,
      -- Added, never set: another instruction of the order may change them at the same time.
${ORDER_AMOUNTS.map((name) => `      ${name} = o.${name} + coalesce(delta.${name}, 0),`).join('\n')}
      updated_at = moment.now
  from order_news r
  cross join moment
  cross join lateral jsonb_to_record(r.amounts) as delta(${ORDER_AMOUNTS.map((name) => `${name} bigint`).join(', ')})
  where o.payment_order_id = r.payment_order_id and (is_news or r.amounts <> '{}')
  returning o.payment_order_id, o.payment_id, o.status, is_news, is_finished
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select a.instruction_id, 'closed', o.actor, o.reason, o.origin, moment.now
  from applied a, moment, parameter, jsonb_to_record(operator) as o(actor text, reason text, origin text)
  where mode = 'closing'
)`;

/** Counts orders that became terminal, once each. Payments are locked in the order of their ids, as in the claim. */
const COUNTERS = `
finished as (
  select payment_id,
         count(*) filter (where status = 'SUCCESS')::smallint as succeeded,
         count(*) filter (where status = 'FAILED')::smallint as failed
  from order_changed
  where is_finished
  group by payment_id
),
payment_locked as materialized (
  select t.payment_id
  from payment t
  where t.payment_id in (select payment_id from finished)
  order by t.payment_id
  for update of t
),
counted as (
  update payment t
  set orders_succeeded = t.orders_succeeded + f.succeeded, orders_failed = t.orders_failed + f.failed
  from finished f
  join payment_locked using (payment_id)
  where t.payment_id = f.payment_id
)`;

const ANSWER = `
select
  i.instruction_id,
  a.instruction_id is not null
    or (i.attempt_no = r.attempt_no and i.claim_token = r.claim_token and i.state <> 'executing') as is_applied,
  coalesce(a.state, i.state) as state,
  coalesce(a.parked, i.parked) as parked,
  greatest(0, ceil(extract(epoch from coalesce(a.not_before, i.not_before) - moment.now)))::int as seconds_left,
  coalesce(a.cycle, i.cycle) as cycle,
  coalesce(a.reason, i.reason) as reason,
  coalesce(o.is_news, false) as order_changed,
  least(2147483647, round(extract(epoch from moment.now - i.accepted_at) * 1000))::int as age_milliseconds
from input r
cross join moment
join instruction i using (instruction_id)
left join applied a using (instruction_id)
left join order_changed o on o.payment_order_id = r.payment_order_id
`;

export const RECORD_SQL = `with ${[
  INPUT,
  FENCE,
  EVIDENCE,
  CIRCUIT,
  LIMITER,
  TRANSITION,
  COUNTERS,
  LEDGER,
].join(',')}
${ANSWER}`;
