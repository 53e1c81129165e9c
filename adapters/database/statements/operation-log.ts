import * as z from 'zod/mini';
import type { Database } from '../database.ts';

/** Who does something by hand, from where, and why; kept for as long as the stage says. */
export interface Operator {
  readonly actor: string;
  readonly reason: string;
  /** The machine, and on AWS the identity that the account knows. */
  readonly origin: string;
}

/** Whatever an operator or the pipeline itself can have done. */
export const OPERATIONS = [
  'dead_lettered',
  'quarantined',
  'redriven',
  'released',
  'closed',
  'paused',
  'resumed',
  'merchant_created',
  'key_created',
  'key_revoked',
  'cap_set',
  'cap_cleared',
  'look_up_first_marked',
] as const;
export type OperationName = (typeof OPERATIONS)[number];

export interface OperationQuery {
  readonly subject?: string | undefined;
  readonly action?: OperationName | undefined;
  readonly actor?: string | undefined;
  readonly sinceSeconds?: number | undefined;
  /** Leaves out what the pipeline wrote of itself. */
  readonly byPeople?: boolean;
  readonly limit: number;
}

const operationRow = z.object({
  at: z.string(),
  action: z.enum(OPERATIONS),
  subject_id: z.string(),
  actor: z.string(),
  origin: z.string(),
  reason: z.string(),
});
export type OperationRow = z.infer<typeof operationRow>;

/** Newest first. */
export async function listOperations(
  database: Database,
  query: OperationQuery,
): Promise<readonly OperationRow[]> {
  const { subject, action, actor, sinceSeconds, byPeople, limit } = query;
  const rows = await database.execute(LIST_SQL, {
    subject,
    action,
    actor,
    since_seconds: sinceSeconds,
    by_people: byPeople ?? false,
    limit,
  });
  return rows.map((row) => operationRow.parse(row));
}

const LIST_SQL = `
select to_char(l.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at, l.action, l.subject_id, l.actor, l.origin,
       l.reason
from operation_log l, (select :input::jsonb as p) given
where (p ->> 'subject' is null or l.subject_id = p ->> 'subject')
  and (p ->> 'action' is null or l.action = p ->> 'action')
  and (p ->> 'actor' is null or l.actor = p ->> 'actor')
  and (p ->> 'since_seconds' is null or l.at >= clock() - make_interval(secs => (p ->> 'since_seconds')::int))
  and (not (p ->> 'by_people')::boolean or l.origin <> 'pipeline')
order by l.operation_log_id desc
limit (select (:input::jsonb ->> 'limit')::int)
`;
