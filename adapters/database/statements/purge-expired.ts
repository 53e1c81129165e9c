import * as z from 'zod/mini';
import type { Database } from '../database.ts';

/** How long what is kept for a while is kept, in days. */
export interface RetentionDays {
  /** From the payment's creation on; then a pseudonym stands for the buyer, and the metadata is empty. */
  readonly buyerData: number;
  /** From the newest of an order's evidence on. */
  readonly evidence: number;
  readonly operationLog: number;
}

/** What is removed, in the order in which it is. */
export const PURGES = [
  'idempotency_keys',
  'buyer_data',
  'evidence',
  'events',
  'poison',
  'operation_log',
] as const;
export type Purge = (typeof PURGES)[number];

/**
 * The API promises thirty days; one more, so that no key is removed while a request that comes at the last moment looks
 * at it.
 */
const IDEMPOTENCY_KEY_DAYS = 31;

/** How many days each of them is kept. */
export function keptDays(purge: Purge, days: RetentionDays): number {
  switch (purge) {
    case 'idempotency_keys':
      return IDEMPOTENCY_KEY_DAYS;
    case 'buyer_data':
      return days.buyerData;
    // A dead letter's body may hold what a client typed, and an event what a PSP knows of a buyer: both go with the evidence.
    case 'evidence':
    case 'events':
    case 'poison':
      return days.evidence;
    case 'operation_log':
      return days.operationLog;
  }
}

const countRow = z.object({ count: z.int() });

/**
 * Removes at most `limit` of what is older than `days`, of what has come to its end alone. Safe to repeat: what is removed
 * isn't there a second time. Safe beside another run: each removes what it can take at once.
 *
 * @returns how many (payments, where data of payments is removed); less than `limit` when none is left
 */
export async function purge(database: Database, kind: Purge, days: number, limit: number): Promise<number> {
  const [row] = await database.execute(PURGE_SQL[kind], { days, limit });
  return countRow.parse(row).count;
}

/** How many are due, counted up to `limit`; removes nothing. */
export async function countDue(
  database: Database,
  kind: Purge,
  days: number,
  limit: number,
): Promise<number> {
  const [row] = await database.execute(`${DUE_SQL[kind]} select count(*)::int as count from due`, {
    days,
    limit,
  });
  return countRow.parse(row).count;
}

/** Notes that the job ran, for whoever asks whether it does. */
export async function noteRun(
  database: Database,
  job: string,
  report: Readonly<Record<string, number>>,
): Promise<void> {
  await database.execute(NOTE_SQL, { job, report });
}

const runRow = z.object({ finished_at: z.string(), age_seconds: z.int(), report: z.string() });

/** @returns undefined when it never ran */
export async function lastRun(database: Database, job: string): Promise<z.infer<typeof runRow> | undefined> {
  const [row] = await database.execute(LAST_RUN_SQL, { job });
  return row === undefined ? undefined : runRow.parse(row);
}

const GIVEN = `
with given as materialized (
  select clock() - make_interval(days => (p ->> 'days')::int) as before, (p ->> 'limit')::int as max
  from (select :input::jsonb as p) input
)`;
const BEFORE = '(select before from given)';
const LIMIT = 'limit (select max from given)';

/** Two runs at once, which nothing prevents, take different payments: neither waits for the other, nor each for both. */
const TAKEN = 'for update of t skip locked';

/** Payments whose data of this stage may go: all their orders have ended, and so have all their instructions. */
const paymentsDue = (stage: number, lock: '' | typeof TAKEN, alsoWhere = '') => `${GIVEN},
due as materialized (
  select t.payment_id
  from payment t
  where t.purge_stage = ${stage} and t.status in ('SUCCESS', 'PARTIAL_SUCCESS', 'FAILED') and t.created_at < ${BEFORE}
    and not exists (
      select from payment_order o
      join instruction i on i.payment_order_id = o.payment_order_id
      where o.payment_id = t.payment_id
        and not is_terminal(i.state))
    ${alsoWhere}
  order by t.created_at
  ${LIMIT}
  ${lock}
)`;

/** Rows by their place: one that was changed meanwhile has another, and stays. */
const rowsDue = (table: string, condition: string, ordered = '') => `${GIVEN},
due as materialized (
  select ctid from ${table} where ${condition} ${ordered} ${LIMIT}
)`;

const buyersDue = (lock: '' | typeof TAKEN) => paymentsDue(0, lock);

const evidenceDue = (lock: '' | typeof TAKEN) =>
  paymentsDue(
    1,
    lock,
    `and not exists (
      select from payment_order o
      join evidence e on e.payment_order_id = o.payment_order_id
      where o.payment_id = t.payment_id and e.recorded_at >= ${BEFORE})
    and not exists (
      select from payment_order o
      join instruction i on i.payment_order_id = o.payment_order_id
      join dead_letter d on d.dead_letter_id = i.instruction_id
      where o.payment_id = t.payment_id and d.last_seen_at >= ${BEFORE})`,
  );

const DUE_SQL: Readonly<Record<Purge, string>> = {
  idempotency_keys: rowsDue('idempotency_key', `created_at < ${BEFORE}`),
  buyer_data: buyersDue(''),
  evidence: evidenceDue(''),
  // Ids begin with their time, as those of the operation log.
  events: `${GIVEN},
due as materialized (
  select ctid
  from (select ctid, received_at from psp_event order by event_id ${LIMIT}) oldest
  where received_at < ${BEFORE}
)`,
  poison: rowsDue(
    'dead_letter',
    `is_poison and poison_state = 'closed' and last_seen_at < ${BEFORE}`,
    'order by last_seen_at',
  ),
  // The oldest have the lowest numbers: no search through the whole log for what isn't there.
  operation_log: `${GIVEN},
due as materialized (
  select ctid
  from (select ctid, at from operation_log order by operation_log_id ${LIMIT}) oldest
  where at < ${BEFORE}
)`,
};

const deleteRows = (kind: Purge, table: string) => `${DUE_SQL[kind]},
gone as (
  delete from ${table} where ctid = any (array(select ctid from due)) returning 1
)
select count(*)::int as count from gone`;

const PURGE_SQL: Readonly<Record<Purge, string>> = {
  idempotency_keys: deleteRows('idempotency_keys', 'idempotency_key'),
  buyer_data: `${buyersDue(TAKEN)},
gone as (
  update payment t
  set buyer_id = pseudonym(t.merchant_id, t.buyer_id, s.salt), metadata = '{}', purge_stage = 1
  from due, pseudonym_salt s
  where t.payment_id = due.payment_id and t.purge_stage = 0
  returning 1
)
select count(*)::int as count from gone`,
  evidence: `${evidenceDue(TAKEN)},
orders as materialized (
  select o.payment_order_id from payment_order o join due using (payment_id)
),
evidence_gone as (
  delete from evidence where payment_order_id in (select payment_order_id from orders)
),
dead_letters_gone as (
  delete from dead_letter
  where dead_letter_id in (
    select i.instruction_id from instruction i join orders using (payment_order_id))
),
gone as (
  update payment t set purge_stage = 2 from due where t.payment_id = due.payment_id and t.purge_stage = 1 returning 1
)
select count(*)::int as count from gone`,
  events: deleteRows('events', 'psp_event'),
  poison: deleteRows('poison', 'dead_letter'),
  operation_log: deleteRows('operation_log', 'operation_log'),
};

const NOTE_SQL = `
insert into job_run as r (job, finished_at, report)
select p ->> 'job', clock(), p -> 'report' from (select :input::jsonb as p) given
on conflict (job) do update set finished_at = excluded.finished_at, report = excluded.report
`;

const LAST_RUN_SQL = `
select to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as finished_at,
       extract(epoch from clock() - finished_at)::int as age_seconds, report::text as report
from job_run
where job = :input::jsonb ->> 'job'
`;
