import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Database } from '../database.ts';

/** A message that names no instruction. */
export interface PoisonedMessage {
  readonly body: string;
  /** SQS's id: the same one again is a retry of the same delivery. */
  readonly messageId: string;
  readonly reason: string;
}

/**
 * The bodies that one statement takes: the Data API accepts 4 MiB per request, and base64 makes a body a third larger. A
 * body has at most 1 MiB.
 */
export const POISON_LIMIT_BYTES = 2 * 1024 * 1024;

export type PoisonVerdict = 'dead_letter' | 'quarantined';

const row = z.object({ dead_letter_id: z.string(), poison_state: z.enum(['waiting', 'quarantined']) });

/** The name of a poisoned body among the dead letters. */
export function poisonIdOf(body: string): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

/**
 * Keeps poisoned bodies with their reasons. A body seen for the first time goes to the dead-letter queue; one that comes
 * back in another message is quarantined here, so that every redrive loop ends. Safe to replay.
 *
 * @returns one verdict per distinct body, by `poisonIdOf`
 */
export async function registerPoison(
  database: Database,
  messages: readonly PoisonedMessage[],
): Promise<ReadonlyMap<string, PoisonVerdict>> {
  const distinct = new Map(messages.map((message) => [poisonIdOf(message.body), message]));
  const rows = await database.execute(POISON_SQL, {
    messages: [...distinct].map(([id, message]) => ({
      dead_letter_id: id,
      body: Buffer.from(message.body).toString('base64'),
      message_id: message.messageId,
      reason: message.reason,
    })),
  });
  return new Map(
    rows.map((found) => {
      const { dead_letter_id, poison_state } = row.parse(found);
      return [dead_letter_id, poison_state === 'waiting' ? 'dead_letter' : 'quarantined'];
    }),
  );
}

export const POISON_SQL = `
with moment as materialized (
  select clock() as now
),
input as materialized (
  select m.*
  from jsonb_to_recordset(:input::jsonb -> 'messages') as m(dead_letter_id text, body text, message_id text, reason text)
),
kept as (
  insert into dead_letter as d (dead_letter_id, is_poison, poison_state, poison_body, reason, message_id,
                                first_seen_at, last_seen_at)
  select dead_letter_id, true, 'waiting', decode(body, 'base64'), reason, message_id, moment.now, moment.now
  from input, moment
  order by dead_letter_id
  on conflict (dead_letter_id) do update
  set poison_state = case when d.message_id = excluded.message_id then d.poison_state else 'quarantined' end,
      times_seen = d.times_seen + (d.message_id is distinct from excluded.message_id)::int,
      message_id = excluded.message_id,
      reason = excluded.reason,
      last_seen_at = excluded.last_seen_at
  returning dead_letter_id, poison_state, times_seen, reason, message_id
),
logged as (
  insert into operation_log (subject_id, action, actor, reason, at)
  select dead_letter_id, case poison_state when 'waiting' then 'dead_lettered' else 'quarantined' end, 'pipeline', reason,
         moment.now
  from kept, moment
)
select dead_letter_id, case poison_state when 'closed' then 'quarantined' else poison_state end as poison_state
from kept
`;
