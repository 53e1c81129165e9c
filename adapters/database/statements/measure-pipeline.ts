import * as z from 'zod/mini';
import { amountColumn } from '../columns.ts';
import type { Database } from '../database.ts';

const circuitRow = z.object({ kind: z.literal('circuit'), name: z.string(), count: z.int() });
const currencyRow = z.object({ kind: z.literal('unknown'), name: z.string(), amount: amountColumn });
const gaugeRow = z.object({
  kind: z.enum(['unknown_orders', 'open', 'in_review', 'poison', 'pauses', 'discrepancies']),
  count: z.int(),
  oldest_seconds: z.nullable(z.int()),
});
const accountRow = z.object({
  kind: z.literal('events'),
  name: z.string(),
  count: z.int(),
  oldest_seconds: z.int(),
});
const row = z.discriminatedUnion('kind', [circuitRow, currencyRow, accountRow, gaugeRow]);

interface Gauge {
  readonly count: number;
  /** Null where it has no age: nobody is there, or an older version accepted all of them. */
  readonly oldestSeconds: number | null;
}

/** The state of the pipeline, as the database has it. */
export interface Gauges {
  /** Of every PSP that has ever failed. */
  readonly circuits: readonly { readonly psp: string; readonly isOpen: boolean }[];
  /** Orders whose outcome is unknown; age since it became so. */
  readonly unknown: Gauge;
  /** The amounts of those orders and of those in manual review, in minor units by currency. */
  readonly unknownMoney: readonly { readonly currency: string; readonly amountMinor: bigint }[];
  /** Instructions on their way; age since they were accepted. */
  readonly open: Gauge;
  /** Quarantined instructions; age since they were accepted. */
  readonly inReview: Gauge;
  readonly quarantinedPoison: number;
  /** Of every PSP account that has ever sent an event. */
  readonly events: readonly {
    readonly psp: string;
    /** Since its newest event. */
    readonly ageSeconds: number;
    /** There has been none for hours, although payments wait for the PSP or their buyer. */
    readonly hasStopped: boolean;
  }[];
  readonly pauses: number;
  /** Entries of PSPs and movements of ours that don't agree, and that nobody has closed. */
  readonly discrepancies: number;
}

const NONE: Gauge = { count: 0, oldestSeconds: null };

/** One statement, whose cost grows with what is under way and not with what was ever paid. */
export async function readGauges(database: Database): Promise<Gauges> {
  const input = {
    limit: LIMIT,
    silent_seconds: SILENT_SECONDS,
    waited_seconds: WAITED_SECONDS,
    unfinished_seconds: UNFINISHED_SECONDS,
  };
  const rows = (await database.execute(GAUGES_SQL, input)).map((found) => row.parse(found));
  const gauge = (kind: z.infer<typeof gaugeRow>['kind']): Gauge => {
    const found = rows.find((each) => each.kind === kind);
    return found === undefined || found.kind !== kind || !('oldest_seconds' in found)
      ? NONE
      : { count: found.count, oldestSeconds: found.oldest_seconds };
  };
  return {
    circuits: rows.flatMap((each) =>
      each.kind === 'circuit' ? [{ psp: each.name, isOpen: each.count > 0 }] : [],
    ),
    unknown: gauge('unknown_orders'),
    unknownMoney: rows.flatMap((each) =>
      each.kind === 'unknown' ? [{ currency: each.name, amountMinor: each.amount }] : [],
    ),
    open: gauge('open'),
    inReview: gauge('in_review'),
    quarantinedPoison: gauge('poison').count,
    events: rows.flatMap((each) =>
      each.kind === 'events'
        ? [{ psp: each.name, ageSeconds: each.oldest_seconds, hasStopped: each.count > 0 }]
        : [],
    ),
    pauses: gauge('pauses').count,
    discrepancies: gauge('discrepancies').count,
  };
}

/** Past so many under way the figures are "at least": a backlog that long is known from the queue, and counting it all would add to its cause. */
const LIMIT = 50_000;

/** An account that has sent events is suspect after this long without one, */
const SILENT_SECONDS = 6 * 3_600;
/** and only if a payment has waited this long: a PSP tells of a buyer within minutes, and of an expiry within the hour. */
const WAITED_SECONDS = 3_600;

/** An entry of a payment that has not ended is none of a person's business before: the PSP has the money, and we don't know it yet. */
const UNFINISHED_SECONDS = 24 * 3_600;

export const GAUGES_SQL = `
with moment as materialized (
  select clock() as now
),
event_account as materialized (
  -- Each account that occurs, by a walk over the index, and its newest event.
  with recursive walk as (
    select min(psp_account) as psp_account from psp_event
    union all
    select (select min(e.psp_account) from psp_event e where e.psp_account > walk.psp_account)
    from walk
    where walk.psp_account is not null
  )
  select walk.psp_account, newest.received_at
  from walk
  cross join lateral (
    select received_at from psp_event where psp_account = walk.psp_account order by event_id desc limit 1
  ) newest
  where walk.psp_account is not null
),
under_way as materialized (
  -- Each by its partial index: what the relay would send by the clock, and what waits for a circuit or a pause. What waits for
  -- its buyer or its PSP is not stuck.
  (select payment_order_id, accepted_at from instruction
   where relay_due_at is not null and state not in ('awaiting_buyer', 'awaiting_psp')
   limit (:input::jsonb ->> 'limit')::int)
  union all
  (select payment_order_id, accepted_at from instruction where waits_for is not null
   limit (:input::jsonb ->> 'limit')::int)
),
in_review as materialized (
  select payment_order_id, accepted_at from instruction where state = 'quarantined'
  limit (:input::jsonb ->> 'limit')::int
),
unknown as materialized (
  select o.amount_minor, o.currency, o.status_detail, o.updated_at
  from (select payment_order_id from under_way union select payment_order_id from in_review) ids
  join payment_order o using (payment_order_id)
  where o.status_detail in ('outcome_unknown', 'manual_review')
)
select 'circuit' as kind, psp as name, null::text as amount, (open_until is not null)::int as count,
       null::int as oldest_seconds
from psp_circuit
union all
select 'unknown', currency, sum(amount_minor)::text, null, null
from unknown
group by currency
union all
select 'unknown_orders', null, null, count(*)::int, extract(epoch from max(moment.now - updated_at))::int
from unknown, moment
where status_detail = 'outcome_unknown'
union all
select 'open', null, null, count(*)::int, extract(epoch from max(moment.now - accepted_at))::int
from under_way, moment
union all
select 'in_review', null, null, count(*)::int, extract(epoch from max(moment.now - accepted_at))::int
from in_review, moment
union all
select 'poison', null, null, count(*)::int, null from dead_letter where poison_state = 'quarantined'
union all
select 'events', psp_account, null,
       (received_at < moment.now - make_interval(secs => (:input::jsonb ->> 'silent_seconds')::int)
        and exists (
          select from instruction i
          where i.psp_account = event_account.psp_account and i.state in ('awaiting_buyer', 'awaiting_psp')
            and i.first_claimed_at < moment.now - make_interval(secs => (:input::jsonb ->> 'waited_seconds')::int)
        ))::int,
       greatest(0, extract(epoch from moment.now - received_at))::int
from event_account, moment
union all
select 'discrepancies', null, null, count(*)::int, null
from (
  select from movement_discrepancy, moment
  where resolved_at is null
    and (reason <> 'not_finished'
         or noted_at < moment.now - make_interval(secs => (:input::jsonb ->> 'unfinished_seconds')::int))
  limit (:input::jsonb ->> 'limit')::int
) open
union all
select 'pauses', null, null, count(*)::int, null from processing_pause
`;

const balanceRow = z.object({
  currency: z.string(),
  difference: amountColumn,
  unallocated: amountColumn,
});

export interface BalanceOfCurrency {
  readonly currency: string;
  /** Debits less credits over all books, in minor units: 0, or the ledger is broken. */
  readonly differenceMinor: bigint;
  /** What came in and belongs to no seller, in minor units: 0, or somebody has to find out whose it is. */
  readonly unallocatedMinor: bigint;
}

/** The trial balance of every currency, over the running sums: a row per account. */
export async function readBalances(database: Database): Promise<readonly BalanceOfCurrency[]> {
  return (await database.execute(BALANCES_SQL, {})).map((found) => {
    const { currency, difference, unallocated } = balanceRow.parse(found);
    return { currency, differenceMinor: difference, unallocatedMinor: unallocated };
  });
}

export const BALANCES_SQL = `
select currency, sum(posted_debits - posted_credits)::text as difference,
       coalesce(sum(posted_credits - posted_debits) filter (where account_kind = 'unallocated_seller_funds'), 0)::text
         as unallocated
from account_balance
group by currency
`;
