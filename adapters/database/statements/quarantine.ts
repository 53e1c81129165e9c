import * as z from 'zod/mini';
import { splitsSchema } from '../columns.ts';
import type { Database } from '../database.ts';
import type { Operator } from './operation-log.ts';

/**
 * Releases a quarantined instruction into its first cycle again. The relay sends a new message for it within a minute. If it
 * may have been sent before, it is looked up at the PSP first.
 *
 * @returns whether it was in quarantine
 */
export async function releaseInstruction(
  database: Database,
  instructionId: string,
  operator: Operator,
): Promise<boolean> {
  const rows = await database.execute(RELEASE_SQL, { id: instructionId, ...operator });
  return rows.length > 0;
}

export const RELEASE_SQL = `
with given as materialized (
  select g.* from jsonb_to_record(:input::jsonb) as g(id text, actor text, reason text, origin text)
),
released as (
  update instruction i
  set state = 'ready', cycle = 0, attempts_in_cycle = 0, parked = true, waits_for = null,
      reason = 'released by ' || given.actor, not_before = greatest(i.not_before, clock())
  from given
  where i.instruction_id = given.id and i.state = 'quarantined'
  returning i.instruction_id, i.payment_order_id, i.attempt_no, i.attempts_not_sent
),
order_changed as (
  update payment_order o
  set status_detail = case when o.status = 'NOT_STARTED' then 'queued'
                           when r.attempt_no > r.attempts_not_sent then 'outcome_unknown'
                           else 'psp_requested' end,
      updated_at = clock()
  from released r
  where o.payment_order_id = r.payment_order_id
),
dead_letter_noted as (
  update dead_letter d set redriven_at = clock() from released r where d.dead_letter_id = r.instruction_id
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select r.instruction_id, 'released', given.actor, given.reason, given.origin, clock()
  from released r, given
)
select instruction_id from released
`;

const quarantinedRow = z.object({
  payment_order_id: z.string(),
  /** Null for what an older version accepted. */
  correlation_id: z.nullable(z.string()),
  attempt_no: z.int(),
  psp_account: z.string(),
  amount_minor: z.string(),
  currency: z.string(),
  splits: splitsSchema,
});

/** The quarantined instruction that an operator decides about; undefined if it is not in quarantine. */
export async function readQuarantined(
  database: Database,
  instructionId: string,
): Promise<z.infer<typeof quarantinedRow> | undefined> {
  const [row] = await database.execute(READ_QUARANTINED_SQL, { id: instructionId });
  return row === undefined ? undefined : quarantinedRow.parse(row);
}

const READ_QUARANTINED_SQL = `
select i.payment_order_id, i.correlation_id, i.attempt_no, i.psp_account, i.amount_minor::text as amount_minor, i.currency,
       i.splits::text as splits
from instruction i
where i.instruction_id = :input::jsonb ->> 'id' and i.state = 'quarantined'
`;

/** Closes a quarantined poison message for good: what it requested is not done. */
export async function closePoison(database: Database, id: string, operator: Operator): Promise<boolean> {
  const rows = await database.execute(CLOSE_POISON_SQL, { id, action: 'closed', ...operator });
  return rows.length > 0;
}

/** Call this after its message was sent again: in the other order, a failed send would leave it closed and unsent. */
export async function releasePoison(database: Database, id: string, operator: Operator): Promise<boolean> {
  const rows = await database.execute(CLOSE_POISON_SQL, { id, action: 'released', ...operator });
  return rows.length > 0;
}

/** Returns no body: the Data API would refuse a row of more than 64 KB after the change is committed. */
const CLOSE_POISON_SQL = `
with given as materialized (
  select g.*
  from jsonb_to_record(:input::jsonb) as g(id text, action text, actor text, reason text, origin text)
),
closed as (
  update dead_letter d
  set poison_state = 'closed'
  from given
  where d.dead_letter_id = given.id and d.is_poison and d.poison_state in ('waiting', 'quarantined')
  returning d.dead_letter_id
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, origin, at)
  select dead_letter_id, action, actor, reason, origin, clock()
  from closed, given
)
select dead_letter_id from closed
`;

const chunkRow = z.object({ bytes: z.int(), chunk: z.string() });

/** 54 KB in base64: a row of the Data API holds 64 KB. */
const CHUNK_BYTES = 40_000;

/**
 * The body of a poison message that waits or is in quarantine, byte for byte; undefined where there is none. A body has
 * 1 MiB at most, which 27 statements read.
 */
export async function readPoison(database: Database, id: string): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  for (let read = 0; ; read += CHUNK_BYTES) {
    const [row] = await database.execute(READ_POISON_SQL, { id, offset: read + 1, length: CHUNK_BYTES });
    if (row === undefined) return undefined;
    const { bytes, chunk } = chunkRow.parse(row);
    chunks.push(Buffer.from(chunk, 'base64'));
    if (read + CHUNK_BYTES >= bytes) return Buffer.concat(chunks);
  }
}

/** A body never changes once it is stored, so that chunks of several statements belong together. */
const READ_POISON_SQL = `
select length(d.poison_body) as bytes,
       encode(substring(d.poison_body from given.offset for given.length), 'base64') as chunk
from jsonb_to_record(:input::jsonb) as given(id text, "offset" int, length int)
join dead_letter d on d.dead_letter_id = given.id
where d.is_poison and d.poison_state in ('waiting', 'quarantined')
`;
