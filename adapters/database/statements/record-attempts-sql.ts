/** In what an attempt's record and an operator's differ. */
interface Recording {
  /** Who may change the instruction `i` by the input `r`. */
  readonly fence: string;
  /** Of whose input `r` the evidence is kept. */
  readonly isEvidence: string;
  /** What else the instruction's row says from then on; ends with a comma. */
  readonly alsoSet: string;
  /** Further steps; begins with a comma. */
  readonly alsoDo: string;
}

/**
 * Whatever ends an attempt: evidence, transition, counters, ledger, balances and what the circuit learns. The limit on what
 * comes in limits nothing; it is there for the planner, as the claim's.
 */
export const recordSql = ({ fence, isEvidence, alsoSet, alsoDo }: Recording) => `
with moment as materialized (
  select clock() as now
),
parameter as materialized (
  select :input::jsonb as p
),
input as materialized (
  select r.*
  from parameter, jsonb_to_recordset(p -> 'records') as r(
    instruction_id text, psp text, may_give_back boolean, payment_order_id text, attempt_no int, claim_token text, state text, reason text,
    wait_seconds int, parked boolean, waits_for text, not_sent int, order_status text, order_status_detail text, failure jsonb,
    psp_reference text, ledger_transaction_id text, posting_type text, entries jsonb, steps jsonb)
  limit (select jsonb_array_length(p -> 'records') from parameter)
),
locked as materialized (
  -- The fence: whoever was overtaken (another attempt, another token, another state) changes nothing.
  select i.instruction_id
  from instruction i
  join input r using (instruction_id)
  where ${fence}
  order by i.instruction_id
  for update of i
),
evidence_written as (
  insert into evidence (instruction_id, attempt_no, claim_token, step, payment_order_id, action, outcome, detail,
                        started_at, finished_at, recorded_at)
  select r.instruction_id, r.attempt_no, r.claim_token, s.step, r.payment_order_id, s.action, s.outcome, s.detail,
         s.started_at, s.finished_at, moment.now
  from input r
  cross join moment
  cross join lateral jsonb_to_recordset(r.steps) as s(
    step smallint, action text, outcome text, detail jsonb, started_at timestamptz, finished_at timestamptz)
  where ${isEvidence}
  on conflict do nothing
  returning instruction_id
),
observation as materialized (
  select o.*
  from parameter, jsonb_to_recordset(p -> 'circuits') as o(
    psp text, answered boolean, not_sent int, unknown int, misconfigured int, probed boolean, reason text)
),
recovered as (
  -- Written only where there is something to forget: a PSP that is well costs no write and no lock.
  update psp_circuit c
  set not_sent_in_a_row = 0, unknown_in_a_row = 0, open_until = null, open_seconds = 0, probe_until = null,
      reason = null, changed_at = moment.now
  from observation o, moment
  where c.psp = o.psp and o.answered
    and (c.open_until is not null or c.not_sent_in_a_row > 0 or c.unknown_in_a_row > 0)
),
unprobed as (
  -- The probe came to nothing that says anything, a rate limit say: the next may try.
  update psp_circuit c
  set probe_until = null
  from observation o
  where c.psp = o.psp and o.probed and not o.answered and o.not_sent + o.unknown + o.misconfigured = 0
),
failing as (
  insert into psp_circuit as c (psp, not_sent_in_a_row, unknown_in_a_row, open_until, open_seconds, reason, changed_at)
  select o.psp, o.not_sent, o.unknown,
         case when trips.now_open then moment.now + make_interval(secs => (t ->> 'open_seconds')::int) end,
         case when trips.now_open then (t ->> 'open_seconds')::int else 0 end,
         o.reason, moment.now
  from observation o
  cross join moment
  cross join (select p -> 'trips' as t from parameter) given
  cross join lateral (
    select o.misconfigured > 0 or o.not_sent >= (t ->> 'not_sent')::int or o.unknown >= (t ->> 'unknown')::int
           as now_open
  ) trips
  where not o.answered and o.not_sent + o.unknown + o.misconfigured > 0
    -- An observation is not counted again by a replay of this statement.
    and exists (select from evidence_written w join input r using (instruction_id) where r.psp = o.psp)
  order by o.psp
  on conflict (psp) do update
  set not_sent_in_a_row = c.not_sent_in_a_row + excluded.not_sent_in_a_row,
      unknown_in_a_row = c.unknown_in_a_row + excluded.unknown_in_a_row,
      (open_until, open_seconds, probe_until) = (
        select
          case
            -- Open already: this is a late observation.
            when c.open_until > excluded.changed_at then c.open_until
            when is_failing then excluded.changed_at + make_interval(secs => next_seconds)
          end,
          case when c.open_until > excluded.changed_at then c.open_seconds when is_failing then next_seconds else 0 end,
          case when c.open_until > excluded.changed_at then c.probe_until end
        from (
          select
            c.open_until is not null or excluded.open_until is not null
              or c.not_sent_in_a_row + excluded.not_sent_in_a_row >= (t ->> 'not_sent')::int
              or c.unknown_in_a_row + excluded.unknown_in_a_row >= (t ->> 'unknown')::int as is_failing,
            -- Half-open and failed again: twice as long.
            case when c.open_until is not null
                 then least(c.open_seconds * 2, (t ->> 'longest_seconds')::int)
                 else (t ->> 'open_seconds')::int end as next_seconds
          from (select p -> 'trips' as t from parameter) given
        ) next
      ),
      reason = excluded.reason,
      changed_at = excluded.changed_at
  returning c.psp, c.open_until is not null as is_open
),
applied as (
  update instruction i
  set ${alsoSet}
      state = r.state,
      reason = r.reason,
      parked = r.parked,
      waits_for = r.waits_for,
      attempts_not_sent = i.attempts_not_sent + r.not_sent,
      -- An attempt that tripped or probed the circuit says nothing of the instruction: it is given back (rule 11), but
      -- not without end.
      attempts_in_cycle = i.attempts_in_cycle - (
        r.may_give_back and i.attempt_no < (p -> 'trips' ->> 'give_back_limit')::int
        and r.psp in (select psp from failing where is_open))::int,
      not_before = coalesce(moment.now + make_interval(secs => r.wait_seconds), i.not_before)
  from input r
  join locked using (instruction_id)
  cross join moment
  cross join parameter
  where i.instruction_id = r.instruction_id
  returning i.instruction_id, i.merchant_id, i.payment_id, i.state, i.parked, i.not_before, i.cycle, i.reason
),
ordered as (
  update payment_order o
  set status = r.order_status,
      status_detail = r.order_status_detail,
      failure = r.failure,
      psp_reference = coalesce(r.psp_reference, o.psp_reference),
      updated_at = moment.now
  from input r
  join applied using (instruction_id)
  cross join moment
  where o.payment_order_id = r.payment_order_id
    and (o.status, o.status_detail) is distinct from (r.order_status, r.order_status_detail)
  returning o.payment_order_id, o.payment_id, o.status
),
finished as (
  select payment_id,
         count(*) filter (where status = 'SUCCESS')::smallint as succeeded,
         count(*) filter (where status = 'FAILED')::smallint as failed
  from ordered
  where status in ('SUCCESS', 'FAILED')
  group by payment_id
),
touched as materialized (
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
  join touched using (payment_id)
  where t.payment_id = f.payment_id
),
posted as (
  insert into ledger_transaction (ledger_transaction_id, merchant_id, source_id, posting_type, posted_at)
  select r.ledger_transaction_id, a.merchant_id, r.instruction_id, r.posting_type, moment.now
  from input r
  join applied a using (instruction_id)
  cross join moment
  where r.ledger_transaction_id is not null
  returning ledger_transaction_id, merchant_id
),
entered as (
  insert into ledger_entry (ledger_transaction_id, entry_no, merchant_id, account_kind, account_owner, currency,
                            direction, amount_minor)
  select l.ledger_transaction_id, e.entry_no, l.merchant_id, e.account_kind, e.account_owner, e.currency,
         e.direction, e.amount_minor
  from posted l
  join input r using (ledger_transaction_id)
  cross join lateral jsonb_to_recordset(r.entries) as e(
    entry_no smallint, account_kind text, account_owner text, currency text, direction text, amount_minor bigint)
  returning merchant_id, account_kind, account_owner, currency, direction, amount_minor
),
summed as (
  -- Sums before locks: one row per account and batch, in the order of the key.
  select merchant_id, account_kind, account_owner, currency,
         -- The platform's own accounts: see isPlatformAccount in domain/ledger.
         case when account_kind = 'psp_receivable' then (p ->> 'shard')::smallint else 0::smallint end as shard,
         coalesce(sum(amount_minor) filter (where direction = 'debit'), 0) as debits,
         coalesce(sum(amount_minor) filter (where direction = 'credit'), 0) as credits
  from entered, parameter
  group by 1, 2, 3, 4, 5
  order by 1, 2, 3, 4, 5
),
balanced as (
  insert into account_balance as b (merchant_id, account_kind, account_owner, currency, shard,
                                    posted_debits, posted_credits)
  select merchant_id, account_kind, account_owner, currency, shard, debits, credits from summed
  on conflict (merchant_id, account_kind, account_owner, currency, shard) do update
  set posted_debits = b.posted_debits + excluded.posted_debits,
      posted_credits = b.posted_credits + excluded.posted_credits
)${alsoDo}
select
  i.instruction_id,
  a.instruction_id is not null
    or (i.attempt_no = r.attempt_no and i.claim_token = r.claim_token and i.state <> 'executing') as stands,
  coalesce(a.state, i.state) as state,
  coalesce(a.parked, i.parked) as parked,
  greatest(0, ceil(extract(epoch from coalesce(a.not_before, i.not_before) - moment.now)))::int as seconds_left,
  coalesce(a.cycle, i.cycle) as cycle,
  coalesce(a.reason, i.reason) as reason,
  o.payment_order_id is not null as order_changed,
  least(2147483647, round(extract(epoch from moment.now - i.accepted_at) * 1000))::int as age_milliseconds
from input r
cross join moment
join instruction i using (instruction_id)
left join applied a using (instruction_id)
left join ordered o on o.payment_order_id = r.payment_order_id
`;

/** See `recordAttempts` for what goes in and comes out. */
export const RECORD_SQL = recordSql({
  fence: `i.attempt_no = r.attempt_no and i.claim_token = r.claim_token and i.state = 'executing'`,
  isEvidence: 'true',
  alsoSet: '',
  alsoDo: '',
});
