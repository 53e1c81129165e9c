import * as z from 'zod/mini';
import type { Database } from '../database.ts';
import { readInPages } from '../read-in-pages.ts';

/** Who carries out an operation, from where, and why; kept for as long as the stage's retention says. */
export interface Operator {
  readonly actor: string;
  readonly reason: string;
  /** The machine, and on AWS the caller's IAM identity. */
  readonly origin: string;
}

/** Every operation of operators and of the pipeline itself. */
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
  'event_replayed',
  'discrepancy_closed',
] as const;
export type OperationName = (typeof OPERATIONS)[number];

export interface OperationQuery {
  readonly subject?: string | undefined;
  readonly action?: OperationName | undefined;
  readonly actor?: string | undefined;
  readonly sinceSeconds?: number | undefined;
  /** Excludes the pipeline's own operations. */
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

/** A hundred years. */
const EVER_SECONDS = 100 * 365 * 86_400;

/** Newest first. */
export async function listOperations(
  database: Database,
  query: OperationQuery,
): Promise<readonly OperationRow[]> {
  const { subject, action, actor, sinceSeconds, byPeople, limit } = query;
  const input = {
    subject,
    actor,
    actions: action === undefined ? OPERATIONS : [action],
    by_people: byPeople === true ? [true] : [true, false],
    since_seconds: sinceSeconds ?? EVER_SECONDS,
  };
  const rows = await readInPages(database, { sql: listFor(query), input, limit });
  return rows.map((row) => operationRow.parse(row));
}

/**
 * A page of each action, of people's and of the pipeline's, by an index that begins with what is asked for; then the newest of them.
 */
const listSql = (condition: string) => `
select jsonb_build_object('at', l.at, 'id', l.operation_log_id::text)::text as position,
       to_char(l.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at, l.action, l.subject_id, l.actor, l.origin, l.reason
from (select :input::jsonb as p, clock() as now) given
cross join lateral jsonb_array_elements_text(p -> 'actions') as wanted(action)
cross join lateral jsonb_array_elements(p -> 'by_people') as doer(by_people)
cross join lateral (
  select *
  from operation_log
  where ${condition} action = wanted.action and by_people = doer.by_people::boolean
    and at >= given.now - make_interval(secs => (p ->> 'since_seconds')::float8)
    and (at, operation_log_id)
        < (coalesce((p -> 'after' ->> 'at')::timestamptz, 'infinity'), coalesce((p -> 'after' ->> 'id')::bigint, 0))
  order by at desc, operation_log_id desc
  limit (p ->> 'limit')::int
) l
order by l.at desc, l.operation_log_id desc
limit (:input::jsonb ->> 'limit')::int
`;

const OF_ACTOR = `actor = p ->> 'actor' and`;
const OF_SUBJECT = `subject_id = p ->> 'subject' and`;

const LISTS = {
  all: listSql(''),
  ofActor: listSql(OF_ACTOR),
  ofSubject: listSql(OF_SUBJECT),
  /** What was done to one thing is little: who did it is looked for in all of it. */
  ofSubjectByActor: listSql(`${OF_SUBJECT} ${OF_ACTOR}`),
} as const;

function listFor({ subject, actor }: OperationQuery): string {
  if (subject === undefined) return actor === undefined ? LISTS.all : LISTS.ofActor;
  return actor === undefined ? LISTS.ofSubject : LISTS.ofSubjectByActor;
}
