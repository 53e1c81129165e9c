import * as z from 'zod/mini';
import type { InstructionKey } from '../../../domain/payment/instruction.ts';
import { operationSchema } from '../columns.ts';
import type { Database, JsonInput } from '../database.ts';
import type { Invariant, InvariantScope } from './invariant.ts';
import { INVARIANTS } from './invariants.ts';

/** What contradicts an invariant: what, how often, and some of it. */
export interface Violation {
  readonly invariant: string;
  readonly count: number;
  readonly examples: readonly string[];
  /** What to do about it, where one thing is to be done. */
  readonly advice?: string;
}

const EXAMPLES = 10;
/** Payments, movements or transactions of one statement: some tens of milliseconds, however many there are. */
const CHUNK = 1_000;

/** What is looked at: keys after `after`, or those that are listed. */
export type Range = { readonly after: string } | { readonly ids: readonly string[] };

export interface CheckedRange {
  readonly checked: number;
  readonly violations: readonly Violation[];
}

/** Everything from the beginning on. Read-only. @returns undefined when the invariant holds */
export async function checkInvariant(
  database: Database,
  invariant: Invariant,
): Promise<Violation | undefined> {
  const { violations } = await checkRange(database, invariant.scope, { after: '' }, [invariant]);
  return violations[0];
}

/** Checks the invariants of a scope over a range of its keys, chunk by chunk. Read-only. */
export async function checkRange(
  database: Database,
  scope: InvariantScope,
  range: Range,
  invariants = INVARIANTS.filter((invariant) => invariant.scope === scope),
): Promise<CheckedRange> {
  const found = new Map<string, Violation>();
  let checked = 0;
  for (let rest: Range | undefined = range; rest !== undefined; ) {
    const chunk: Chunk = await checkChunk(database, scope, rest, invariants);
    checked += chunk.keys;
    for (const violation of chunk.violations) note(found, violation);
    rest = restOf(rest, chunk);
  }
  return { checked, violations: [...found.values()] };
}

/** Undefined where nothing is left. */
function restOf(range: Range, { keys, last }: Chunk): Range | undefined {
  if ('ids' in range) return range.ids.length > CHUNK ? { ids: range.ids.slice(CHUNK) } : undefined;
  return keys === CHUNK && last !== null ? { after: last } : undefined;
}

function note(found: Map<string, Violation>, { invariant, count, examples }: Violation): void {
  const before = found.get(invariant);
  found.set(invariant, {
    invariant,
    count: count + (before?.count ?? 0),
    examples: [...(before?.examples ?? []), ...examples].slice(0, EXAMPLES),
  });
}

interface Chunk {
  readonly keys: number;
  /** The last of them; null where the scope has no keys. */
  readonly last: string | null;
  readonly violations: readonly Violation[];
}

const foundRow = z.object({
  invariant: z.nullable(z.string()),
  count: z.int(),
  examples: z.nullable(z.string()),
});

async function checkChunk(
  database: Database,
  scope: InvariantScope,
  range: Range,
  invariants: readonly Invariant[],
): Promise<Chunk> {
  const input: JsonInput = 'ids' in range ? { ids: range.ids.slice(0, CHUNK) } : { after: range.after };
  const rows = await database.execute(chunkSql(scope, 'ids' in range, invariants), input);
  const found = rows.map((row) => foundRow.parse(row));
  const keys = found.find(({ invariant }) => invariant === null);
  return {
    keys: keys?.count ?? 0,
    last: keys?.examples ?? null,
    violations: found.flatMap(({ invariant, count, examples }) =>
      invariant === null ? [] : [{ invariant, count, examples: (examples ?? '').split('\n') }],
    ),
  };
}

/** A chunk's rows, each found by a key: `payments` first, then what hangs on them. The limit is in the text, so that it is planned for. */
const CHUNK_SQL: Readonly<Record<InvariantScope, (condition: string) => string>> = {
  payments: (condition) => `
payments as materialized (
  select t.payment_id, t.merchant_id, t.orders_total, t.orders_started, t.orders_succeeded, t.orders_failed
  from payment t
  where t.payment_id ${condition}
  order by t.payment_id
  limit ${CHUNK}
),
orders as materialized (
  select o.* from payments join payment_order o using (payment_id)
),
instructions as materialized (
  select i.* from orders join instruction i using (payment_order_id)
),
keys as (
  select count(*)::int as count, max(payment_id) as last from payments
)`,
  movements: (condition) => `
movements as materialized (
  select m.*
  from movement m
  where m.movement_id ${condition}
  order by m.movement_id
  limit ${CHUNK}
),
orders as materialized (
  select o.* from payment_order o where o.payment_order_id in (select payment_order_id from movements)
),
keys as (
  select count(*)::int as count, max(movement_id) as last from movements
)`,
  transactions: (condition) => `
transactions as materialized (
  select t.*
  from ledger_transaction t
  where t.ledger_transaction_id ${condition}
  order by t.ledger_transaction_id
  limit ${CHUNK}
),
entries as materialized (
  select e.* from transactions join ledger_entry e using (ledger_transaction_id)
),
keys as (
  select count(*)::int as count, max(ledger_transaction_id) as last from transactions
)`,
  whole: () => `
keys as (
  select 0 as count, null as last
)`,
};

function chunkSql(scope: InvariantScope, isListed: boolean, invariants: readonly Invariant[]): string {
  const condition = isListed
    ? `in (select jsonb_array_elements_text(p -> 'ids') from given)`
    : `> (select p ->> 'after' from given)`;
  const found = invariants.map(
    ({ sql }, index) => `select ${index} as no, subject from (${sql}) as found_${index}`,
  );
  const names = invariants.map(({ name }, index) => `(${index}, '${name}')`);
  return `
with given as materialized (
  select :input::jsonb as p
),
moment as materialized (
  select clock() as now
),
${CHUNK_SQL[scope](condition)},
found as materialized (
  select no, subject, row_number() over (partition by no) as place
  from (${found.join('\nunion all\n')}) as subjects
)
select name as invariant, count(*)::int as count,
       string_agg(subject, chr(10)) filter (where place <= ${EXAMPLES}) as examples
from found
join (values ${names.join(', ')}) as names(no, name) using (no)
group by name
union all
select null, count, last from keys`;
}

/** Of these instructions, those that are not terminal, or are not there at all. */
export async function findNotTerminal(
  database: Database,
  instructionIds: readonly string[],
): Promise<readonly string[]> {
  const rows = await database.execute(NOT_TERMINAL_SQL, { ids: instructionIds });
  return rows.map((row) => z.object({ id: z.string() }).parse(row).id);
}

const NOT_TERMINAL_SQL = `
select asked.id
from jsonb_array_elements_text(:input::jsonb -> 'ids') as asked(id)
left join instruction i on i.instruction_id = asked.id
where i.instruction_id is null or not is_terminal(i.state)
`;

const openRow = z.object({
  instruction_id: z.string(),
  group_id: z.string(),
  operation: operationSchema,
});

/** Instructions that are not terminal, at most so many of each kind: due by the clock, parked, in quarantine. */
export async function listOpen(database: Database, limit: number): Promise<readonly InstructionKey[]> {
  const rows = await database.execute(OPEN_SQL, { limit });
  return rows.map((row) => {
    const { instruction_id, group_id, operation } = openRow.parse(row);
    return { instructionId: instruction_id, groupId: group_id, operation };
  });
}

const openSql = (condition: string) => `
(select instruction_id, group_id, operation from instruction where ${condition}
 limit (:input::jsonb ->> 'limit')::int)`;
const OPEN_SQL = [`relay_due_at is not null`, `waits_for is not null`, `state = 'quarantined'`]
  .map(openSql)
  .join('\nunion all');
