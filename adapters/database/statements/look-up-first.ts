import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';

/** One statement changes at most this many: its locks stay short. */
export const LOOK_UP_FIRST_LIMIT = 1_000;

/** How many open instructions would be sent without a look-up, since this database has no attempt of them. */
export async function countSentWithoutLookUp(database: Database): Promise<number> {
  const [row] = await database.execute(COUNT_SQL, {});
  return z.object({ count: z.int() }).parse(row).count;
}

/**
 * After a restore to an earlier point in time the database lacks attempts that were made: any open instruction may have been
 * sent, so it must be looked up first. Each open instruction without an attempt is given one, as old as its payment (the key
 * at the PSP may be as old), and is not looked up before `propagationSeconds` have passed.
 *
 * Safe to replay: what is marked isn't marked again.
 *
 * @returns how many were marked; less than `LOOK_UP_FIRST_LIMIT` when none is left
 */
export async function markLookUpFirst(
  database: Database,
  propagationSeconds: number,
  operator: Operator,
): Promise<number> {
  const [row] = await database.execute(MARK_SQL, {
    propagation_seconds: propagationSeconds,
    limit: LOOK_UP_FIRST_LIMIT,
    ...operator,
  });
  return z.object({ count: z.int() }).parse(row).count;
}

const OPEN_WITHOUT_LOOK_UP = `state in ('ready', 'executing', 'dead_lettered', 'quarantined') and attempts_not_sent >= attempt_no`;

const COUNT_SQL = `select count(*)::int as count from instruction where ${OPEN_WITHOUT_LOOK_UP}`;

const MARK_SQL = `
with given as materialized (
  select :input::jsonb as p
),
open as materialized (
  select instruction_id
  from instruction
  where ${OPEN_WITHOUT_LOOK_UP}
  order by instruction_id
  limit (select (p ->> 'limit')::int from given)
  for update
),
marked as (
  update instruction i
  set attempt_no = i.attempts_not_sent + 1,
      first_claimed_at = least(i.first_claimed_at, t.created_at),
      not_before = greatest(i.not_before, clock() + make_interval(secs => (p ->> 'propagation_seconds')::int))
  from open, payment t, given
  where i.instruction_id = open.instruction_id and t.payment_id = i.payment_id
  returning i.instruction_id
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select instruction_id, 'look_up_first_marked', p ->> 'actor', p ->> 'reason', p ->> 'origin', clock()
  from marked, given
)
select count(*)::int as count from marked
`;
