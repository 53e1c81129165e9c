import * as z from 'zod/mini';
import type { MovementKind } from '../../../domain/ledger/movement.ts';
import type { Operation } from '../../../domain/payment/psp-outcome.ts';
import type { PspMovement } from '../../psp/psp-movement.ts';
import type { Database } from '../database.ts';
import type { SweepPeriod } from './sweep-period.ts';
import { MESSAGE, NO_MESSAGE, type WokenInstruction, wokenRow } from './wake-instructions.ts';

/** Why an entry of a PSP and our movements don't agree; what each means is at `movement_discrepancy`. */
export const DISCREPANCY_REASONS = [
  'unknown',
  'not_finished',
  'other_amount',
  'other_object',
  'not_successful',
  'missing',
] as const;

/** A page of an account's list. */
export interface SweptPage {
  readonly pspAccount: string;
  readonly period: SweepPeriod;
  readonly movements: readonly PspMovement[];
  /** The cursor for the page after it; null for the last one, which ends the period. */
  readonly next: string | null;
}

const row = z.discriminatedUnion('kind', [
  z.extend(wokenRow, { kind: z.literal('message') }),
  z.object({ kind: z.literal('count'), attached: z.int(), noted: z.int() }),
]);

export interface AttachedMovements {
  /** Movements that got their entry, or its date. */
  readonly attached: number;
  /** Discrepancies that are new, without those of instructions that have not ended. */
  readonly noted: number;
  /** The instructions whose message is to be sent. */
  readonly woken: readonly WokenInstruction[];
}

/**
 * Attaches the entries of a page to our movements, wakes what has not ended, notes what doesn't agree, and moves the checkpoint
 * on; in one statement, so that no page is passed without what it says. Nothing is booked. Safe to replay.
 *
 * @param nextDiscrepancyId an id for each entry
 */
export async function attachMovements(
  database: Database,
  { pspAccount, period, movements, next }: SweptPage,
  nextDiscrepancyId: () => string,
): Promise<AttachedMovements> {
  const rows = await database.execute(ATTACH_PAGE_SQL, {
    psp_account: pspAccount,
    period_to: period.to.toISOString(),
    cursor: period.cursor,
    next_cursor: next,
    entries: movements.map((movement) => ({
      discrepancy_id: nextDiscrepancyId(),
      psp_entry_id: movement.pspEntryId,
      psp_reference: movement.pspReference,
      reference: movement.reference,
      kind: movement.kind,
      amount_minor: String(movement.amountMinor),
      currency: movement.currency,
      occurred_at: movement.occurredAt.toISOString(),
      available_at: movement.availableAt?.toISOString(),
    })),
  });
  return attachedOf(rows);
}

/**
 * Looks again at the entries whose instruction had not ended when they were listed. Safe to replay.
 *
 * @param limit of one statement
 */
export async function attachUnfinished(
  database: Database,
  pspAccount: string,
  limit: number,
): Promise<AttachedMovements> {
  return attachedOf(await database.execute(ATTACH_UNFINISHED_SQL, { psp_account: pspAccount, limit }));
}

function attachedOf(rows: readonly unknown[]): AttachedMovements {
  const parsed = rows.map((found) => row.parse(found));
  const count = parsed.find((found) => found.kind === 'count');
  return {
    attached: count?.attached ?? 0,
    noted: count?.noted ?? 0,
    woken: parsed.filter((found) => found.kind === 'message'),
  };
}

/** Which operation of ours moves money in which way. Other kinds are the PSP's own: no instruction asks for them. */
const OPERATION_OF: Readonly<Partial<Record<MovementKind, Operation>>> = {
  authorization: 'authorize',
  authorization_release: 'void',
  charge: 'charge',
  capture: 'capture',
  refund: 'refund',
  payout: 'payout',
};
const OPERATION = `case e.kind ${Object.entries(OPERATION_OF)
  .map(([kind, operation]) => `when '${kind}' then '${operation}'`)
  .join(' ')} end`;

const GIVEN = `
given as materialized (
  select g.*
  from jsonb_to_record(:input::jsonb) as g(
    psp_account text, period_to timestamptz, cursor text, next_cursor text, entries jsonb)
)`;

/** An entry that a page holds twice is one. */
const ENTRIES_OF_PAGE = `
entry as materialized (
  select distinct on (e.psp_entry_id, e.kind) given.psp_account, e.*
  from given
  cross join lateral jsonb_to_recordset(given.entries) as e(
    discrepancy_id text, psp_entry_id text, psp_reference text, reference text, kind text, amount_minor bigint, currency text,
    occurred_at timestamptz, available_at timestamptz)
  order by e.psp_entry_id, e.kind
)`;

const ENTRIES_UNFINISHED = `
entry as materialized (
  select d.psp_account, d.discrepancy_id, d.psp_entry_id, d.psp_reference, d.reference, d.kind, d.amount_minor, d.currency,
         d.occurred_at, d.available_at
  from given
  -- The reason is equal, said so that only the index that begins with account and reason has the order.
  join movement_discrepancy d
    on d.psp_account = given.psp_account and d.reason >= 'not_finished' and d.reason <= 'not_finished' and d.resolved_at is null
  order by d.psp_account, d.reason, d.discrepancy_id
  limit (:input::jsonb ->> 'limit')::int
)`;

const attachSql = (entries: string) => `
with moment as materialized (
  select clock() as now
),${GIVEN},${entries},
candidate as materialized (
  -- Our instructions of the order that the entry names, and what each has booked.
  select e.psp_entry_id, e.kind, i.instruction_id, i.payment_order_id, is_terminal(i.state) as has_ended,
         coalesce(i.psp_reference = e.psp_reference, false) as is_object, m.movement_id,
         m.psp_entry_id is null as is_unattached,
         m.amount_minor = e.amount_minor and m.currency = e.currency as is_amount
  from entry e
  join instruction i on i.payment_order_id = e.reference and i.psp_account = e.psp_account and i.operation = ${OPERATION}
  left join movement m on m.instruction_id = i.instruction_id and m.kind = e.kind and m.origin = 'own'
),
nearest as materialized (
  -- The one that made the PSP's object; otherwise one that still may have, or that booked something else.
  select distinct on (c.psp_entry_id, c.kind) c.*
  from candidate c
  order by c.psp_entry_id, c.kind, c.is_object desc, c.has_ended, c.movement_id, c.instruction_id
),
compared as materialized (
  select e.*, n.instruction_id, n.payment_order_id, coalesce(known.movement_id, n.movement_id) as movement_id,
         case
           when known.movement_id is not null then 'attached'
           when n.instruction_id is null then 'unknown'
           when n.is_object and n.movement_id is not null and not n.is_amount then 'other_amount'
           when n.is_object and n.movement_id is not null and n.is_unattached
                and row_number() over (partition by n.movement_id order by e.psp_entry_id) = 1 then 'attached'
           when not n.has_ended then 'not_finished'
           when n.movement_id is null then 'not_successful'
           else 'other_object'
         end as verdict
  from entry e
  left join movement known
    on known.psp_account = e.psp_account and known.psp_entry_id = e.psp_entry_id and known.kind = e.kind
  left join nearest n on n.psp_entry_id = e.psp_entry_id and n.kind = e.kind
),
attached as (
  update movement m
  set psp_entry_id = c.psp_entry_id, available_at = coalesce(m.available_at, c.available_at)
  from compared c
  where c.verdict = 'attached' and m.movement_id = c.movement_id
    and (m.psp_entry_id is null
         or m.psp_entry_id = c.psp_entry_id and m.available_at is null and c.available_at is not null)
  returning m.movement_id
),
noted as (
  insert into movement_discrepancy as d (discrepancy_id, psp_account, reason, kind, amount_minor, currency, occurred_at,
                                         available_at, psp_entry_id, psp_reference, reference, movement_id, instruction_id,
                                         payment_order_id, noted_at)
  select c.discrepancy_id, c.psp_account, c.verdict, c.kind, c.amount_minor, c.currency, c.occurred_at, c.available_at,
         c.psp_entry_id, c.psp_reference, c.reference, c.movement_id, c.instruction_id, c.payment_order_id, moment.now
  from compared c, moment
  where c.verdict <> 'attached'
  on conflict (psp_account, psp_entry_id, kind) where psp_entry_id is not null do update
  set reason = excluded.reason, movement_id = excluded.movement_id, instruction_id = excluded.instruction_id,
      payment_order_id = excluded.payment_order_id
  where d.reason = 'not_finished' and d.resolved_at is null and excluded.reason <> 'not_finished'
  returning d.psp_entry_id, d.kind, d.reason
),
agreed as (
  update movement_discrepancy d
  set resolved_at = moment.now
  from compared c, moment
  where c.verdict = 'attached' and d.psp_account = c.psp_account and d.psp_entry_id = c.psp_entry_id and d.kind = c.kind
    and d.resolved_at is null
),
no_longer_missing as (
  update movement_discrepancy d
  set resolved_at = moment.now
  from compared c, moment
  where c.verdict = 'attached' and d.movement_id = c.movement_id and d.psp_entry_id is null and d.resolved_at is null
),
moved_on as (
  -- Only from the page that was read: a run that is late moves nothing.
  update movement_sweep s
  set cursor = given.next_cursor, read_at = moment.now,
      swept_to = case when given.next_cursor is null then s.period_to else s.swept_to end,
      period_from = case when given.next_cursor is not null then s.period_from end,
      period_to = case when given.next_cursor is not null then s.period_to end
  from given, moment
  where s.psp_account = given.psp_account and s.period_to = given.period_to and s.cursor is not distinct from given.cursor
),
woken as materialized (
  select w.*
  from (
    select array_agg(distinct c.instruction_id) as ids
    from noted n
    join candidate c on c.psp_entry_id = n.psp_entry_id and c.kind = n.kind
    where n.reason = 'not_finished' and not c.has_ended
    having count(*) > 0
  ) open
  cross join lateral wake_v1(open.ids) w
)
select 'count' as kind, (select count(*) from attached)::int as attached,
       (select count(*) from noted where reason <> 'not_finished')::int as noted, ${NO_MESSAGE}
union all
select 'message', null, null, ${MESSAGE}
from woken
`;

export const ATTACH_PAGE_SQL = attachSql(ENTRIES_OF_PAGE);
export const ATTACH_UNFINISHED_SQL = attachSql(ENTRIES_UNFINISHED);
