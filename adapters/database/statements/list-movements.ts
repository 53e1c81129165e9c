import * as z from 'zod/mini';
import { MOVEMENT_KINDS } from '../../../domain/ledger/movement.ts';
import { amountColumn } from '../columns.ts';
import type { Database } from '../database.ts';
import { DISCREPANCY_REASONS } from './attach-movements.ts';

export interface MovementFilter {
  /** Of this payment order. */
  readonly order?: string | undefined;
  /** The last one of the page before. */
  readonly before?: string | undefined;
  readonly limit: number;
}

const movedShape = {
  psp_account: z.string(),
  kind: z.enum(MOVEMENT_KINDS),
  amount_minor: amountColumn,
  currency: z.string(),
  occurred_at: z.string(),
  available_at: z.nullable(z.string()),
  instruction_id: z.nullable(z.string()),
  payment_order_id: z.nullable(z.string()),
  psp_entry_id: z.nullable(z.string()),
};
const movementRow = z.object({ movement_id: z.string(), ...movedShape });
export type MovementRow = z.infer<typeof movementRow>;

const discrepancyRow = z.object({
  discrepancy_id: z.string(),
  reason: z.enum(DISCREPANCY_REASONS),
  ...movedShape,
  psp_reference: z.nullable(z.string()),
  reference: z.nullable(z.string()),
  movement_id: z.nullable(z.string()),
  noted_at: z.string(),
});
export type DiscrepancyRow = z.infer<typeof discrepancyRow>;

/** What is booked, newest first. */
export async function listMovements(
  database: Database,
  { order, before = LAST, limit }: MovementFilter,
): Promise<readonly MovementRow[]> {
  const sql = order === undefined ? MOVEMENTS_SQL : MOVEMENTS_OF_ORDER_SQL;
  return (await database.execute(sql, { order, before, limit })).map((row) => movementRow.parse(row));
}

/** What a PSP lists and we have not booked so, or the other way round; without what is resolved. Newest first. */
export async function listDiscrepancies(
  database: Database,
  { order, before = LAST, limit }: MovementFilter,
): Promise<readonly DiscrepancyRow[]> {
  const rows = await database.execute(DISCREPANCIES_SQL, { order, before, limit });
  return rows.map((row) => discrepancyRow.parse(row));
}

/** After every id of ours. */
const LAST = '~';

const timestamp = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
const MOVED = `psp_account, kind, amount_minor::text as amount_minor, currency, ${timestamp('occurred_at')} as occurred_at,
       ${timestamp('available_at')} as available_at, instruction_id, payment_order_id, psp_entry_id`;

const movementsSql = (condition: string) => `
select movement_id, ${MOVED}
from movement
where movement_id < :input::jsonb ->> 'before'${condition}
order by movement_id desc
limit (:input::jsonb ->> 'limit')::int
`;
const MOVEMENTS_SQL = movementsSql('');
const MOVEMENTS_OF_ORDER_SQL = movementsSql(` and payment_order_id = :input::jsonb ->> 'order'`);

/** All that are open are read: they wait for a person, so there are few. */
const DISCREPANCIES_SQL = `
select discrepancy_id, reason, ${MOVED}, psp_reference, reference, movement_id, ${timestamp('noted_at')} as noted_at
from movement_discrepancy
where resolved_at is null and discrepancy_id < :input::jsonb ->> 'before'
  and (:input::jsonb ->> 'order' is null or :input::jsonb ->> 'order' in (payment_order_id, reference))
order by discrepancy_id desc
limit (:input::jsonb ->> 'limit')::int
`;
