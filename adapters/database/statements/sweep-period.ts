import * as z from 'zod/mini';
import type { Database } from '../database.ts';

/** A period of an account's list that is being read. */
export interface SweepPeriod {
  readonly from: Date;
  readonly to: Date;
  /** The cursor of the next page; null for the first. */
  readonly cursor: string | null;
}

/**
 * How far a period reaches into the one before it: an entry that appears later than this after it was made is missed. The lag of
 * look-ups and the skew of clocks are seconds; some PSPs write entries minutes after the charge.
 */
export const OVERLAP_SECONDS = 30 * 60;

/** An account's first sweep begins so far back. */
const FIRST_SECONDS = 24 * 3_600;

/** A period of which no page was read for so long begins anew: a PSP may have forgotten the cursor. */
const CURSOR_SECONDS = 3_600;

const row = z.object({ period_from: z.string(), period_to: z.string(), cursor: z.nullable(z.string()) });

/** The period to read now: the unfinished one, or that from the last finished one, with an overlap, to now. Safe to replay. */
export async function beginPeriod(database: Database, pspAccount: string): Promise<SweepPeriod> {
  const [found] = await database.execute(BEGIN_SQL, {
    psp_account: pspAccount,
    overlap_seconds: OVERLAP_SECONDS,
    first_seconds: FIRST_SECONDS,
    cursor_seconds: CURSOR_SECONDS,
  });
  const { period_from, period_to, cursor } = row.parse(found);
  return { from: new Date(period_from), to: new Date(period_to), cursor };
}

/** In milliseconds, which is what a PSP's list is asked with. */
const TIMESTAMP = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

export const BEGIN_SQL = `
with given as materialized (
  select g.*, date_trunc('milliseconds', clock()) as now
  from jsonb_to_record(:input::jsonb) as g(psp_account text, overlap_seconds int, first_seconds int, cursor_seconds int)
),
first as materialized (
  select psp_account, now, now - make_interval(secs => first_seconds) as at from given
),
begun as (
  insert into movement_sweep as s (psp_account, begun_at, swept_to, period_from, period_to, read_at, checked_to)
  select psp_account, at, at, at, now, now,
         'mov_' || lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0')
  from first
  on conflict (psp_account) do update
  set period_from = coalesce(s.period_from, s.swept_to - make_interval(secs => (select overlap_seconds from given))),
      period_to = coalesce(s.period_to, excluded.period_to),
      cursor = case
        when s.read_at > excluded.read_at - make_interval(secs => (select cursor_seconds from given)) then s.cursor
      end
  returning period_from, period_to, cursor
)
select to_char(period_from at time zone 'UTC', ${TIMESTAMP}) as period_from,
       to_char(period_to at time zone 'UTC', ${TIMESTAMP}) as period_to, cursor
from begun
`;
