import * as z from 'zod/mini';
import { splitsSchema } from '../columns.ts';
import type { Database } from '../database.ts';

export interface ClaimRequest {
  readonly instructionIds: readonly string[];
  /** Of this invocation, so that a replay of a claim whose answer was lost says `mine`. */
  readonly claimToken: string;
  /** L: how long the claimant may live. */
  readonly leaseSeconds: number;
  /** Z + W per PSP: how long after its claimant's death an attempt may stay invisible. */
  readonly settlingSecondsByPsp: Readonly<Record<string, number>>;
  /** Z + W of a PSP that this version of the code doesn't know. */
  readonly defaultSettlingSeconds: number;
}

const claimedRow = z.object({
  verdict: z.enum(['claimed', 'mine']),
  instruction_id: z.string(),
  payment_order_id: z.string(),
  payment_id: z.string(),
  merchant_id: z.string(),
  operation: z.enum(['charge', 'authorize', 'capture', 'void', 'refund']),
  attempt_no: z.int(),
  all_proven_not_sent: z.boolean(),
  age_seconds: z.int(),
  psp: z.string(),
  payment_method: z.string(),
  amount_minor: z.string(),
  currency: z.string(),
  splits: splitsSchema,
  order_started: z.boolean(),
});

const verdictRow = z.discriminatedUnion('verdict', [
  claimedRow,
  z.object({ verdict: z.literal('not_before'), instruction_id: z.string(), seconds_left: z.int() }),
  z.object({ verdict: z.literal('waiting'), instruction_id: z.string(), seconds_left: z.int() }),
  z.object({
    verdict: z.enum(['terminal', 'quarantined', 'locked', 'missing']),
    instruction_id: z.string(),
  }),
]);

export type Verdict = z.infer<typeof verdictRow>;
export type ClaimedInstruction = z.infer<typeof claimedRow>;
export type Refusal = Exclude<Verdict, ClaimedInstruction>;

/** `claimed` now, or `mine` already: this invocation holds the instruction. */
export function isClaimed(verdict: Verdict): verdict is ClaimedInstruction {
  return verdict.verdict === 'claimed' || verdict.verdict === 'mine';
}

/**
 * Claims what can be claimed and says of every input why or why not: one verdict each, never told by absence
 * (rules 1 and 2). `seconds_left` is by the database's clock, rounded up.
 */
export async function claimInstructions(
  database: Database,
  request: ClaimRequest,
): Promise<readonly Verdict[]> {
  const rows = await database.execute(SQL, {
    instruction_ids: request.instructionIds,
    claim_token: request.claimToken,
    lease_seconds: request.leaseSeconds,
    settling_seconds: request.settlingSecondsByPsp,
    default_settling_seconds: request.defaultSettlingSeconds,
  });
  return rows.map((row) => verdictRow.parse(row));
}

const SQL = `
with moment as materialized (
  select clock() as now
),
parameter as materialized (
  select :input::jsonb as p
),
input as materialized (
  select distinct id.instruction_id
  from parameter, jsonb_array_elements_text(p -> 'instruction_ids') as id(instruction_id)
),
locked as materialized (
  select i.*
  from instruction i
  where i.instruction_id in (select instruction_id from input)
  order by i.instruction_id
  for update of i skip locked
),
judged as materialized (
  select l.*,
    case
      when l.state in ('succeeded', 'declined', 'requires_action', 'cancelled') then 'terminal'
      when l.state = 'quarantined' then 'quarantined'
      when l.state = 'executing' and l.claim_token = p ->> 'claim_token' then 'mine'
      when earlier.not_before is not null then 'waiting'
      when l.not_before > moment.now then 'not_before'
      else 'claimed'
    end as verdict,
    greatest(l.not_before, earlier.not_before) as free_at
  from locked l
  cross join moment
  cross join parameter
  cross join lateral (
    -- Only when all earlier instructions of its order are terminal: the queue's order is not relied upon.
    select max(e.not_before) as not_before
    from instruction e
    where e.payment_order_id = l.payment_order_id and e.seq < l.seq
      and e.state not in ('succeeded', 'declined', 'requires_action', 'cancelled')
  ) earlier
),
claimed as (
  update instruction i
  set state = 'executing',
      reason = null,
      attempt_no = i.attempt_no + 1,
      attempts_in_cycle = i.attempts_in_cycle + 1,
      claim_token = p ->> 'claim_token',
      first_claimed_at = coalesce(i.first_claimed_at, moment.now),
      parked = false,
      resends = 0,
      not_before = moment.now + make_interval(secs =>
        (p ->> 'lease_seconds')::int
        + coalesce((p -> 'settling_seconds' ->> o.psp)::int, (p ->> 'default_settling_seconds')::int))
  from judged j
  join payment_order o on o.payment_order_id = j.payment_order_id
  cross join moment
  cross join parameter
  where i.instruction_id = j.instruction_id and j.verdict = 'claimed'
  returning i.instruction_id, i.payment_order_id, i.attempt_no
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
  input.instruction_id,
  case
    when j.verdict is not null then j.verdict
    when exists (select from instruction k where k.instruction_id = input.instruction_id) then 'locked'
    else 'missing'
  end as verdict,
  greatest(0, ceil(extract(epoch from j.free_at - moment.now)))::int as seconds_left,
  j.payment_order_id, j.payment_id, j.merchant_id, j.operation,
  coalesce(c.attempt_no, j.attempt_no) as attempt_no,
  j.attempts_not_sent >= coalesce(c.attempt_no, j.attempt_no) - 1 as all_proven_not_sent,
  coalesce(extract(epoch from moment.now - j.first_claimed_at), 0)::int as age_seconds,
  o.psp, t.payment_method, o.amount_minor::text as amount_minor, o.currency, o.splits::text as splits,
  s.payment_order_id is not null as order_started
from input
cross join moment
left join judged j using (instruction_id)
left join claimed c using (instruction_id)
left join payment_order o on o.payment_order_id = j.payment_order_id
left join payment t on t.payment_id = j.payment_id
left join started s on s.payment_order_id = j.payment_order_id
`;
