import type pg from 'pg';
import * as z from 'zod';
import type { Paid } from './clients.ts';
import type { Endpoints } from './victim.ts';

export interface Outcome {
  readonly states: Readonly<Record<string, number>>;
  readonly charges: number;
  readonly violations: readonly string[];
}

const PAGE = 10_000;
const pageSchema = z.object({
  charges: z.array(z.object({ reference: z.string() })),
  next_cursor: z.string().nullable(),
});

/** Open orders: neither terminal nor in manual review. */
export async function countOpen(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ n: number }>(
    `select count(*)::int as n from payment_order
     where status not in ('SUCCESS', 'FAILED') and coalesce(status_detail, '') <> 'manual_review'`,
  );
  return rows[0]?.n ?? 0;
}

/** Every 202 exists, nothing is charged twice, and the orders agree with the PSPs' records. */
export async function judge(
  endpoints: Endpoints,
  database: pg.Client,
  paid: readonly Paid[],
): Promise<Outcome> {
  const { rows } = await database.query<{ id: string; status: string; detail: string | null }>(
    'select payment_order_id as id, status, status_detail as detail from payment_order',
  );
  const charges = await readCharges(endpoints);
  const known = new Set(rows.map(({ id }) => id));
  const lost = paid.flatMap(({ orderIds }) => orderIds).filter((id) => !known.has(id));
  const states: Record<string, number> = {};
  const violations = lost.map((id) => `${id} was accepted and does not exist`);
  for (const { id, status, detail } of rows) {
    const state = detail === null ? status : `${status}/${detail}`;
    states[state] = (states[state] ?? 0) + 1;
    const count = charges.get(id) ?? 0;
    if (count > 1) violations.push(`${id} was charged ${count} times`);
    if (status === 'SUCCESS' && count !== 1) violations.push(`${id} is SUCCESS with ${count} charges`);
    if (status === 'FAILED' && count !== 0) violations.push(`${id} is FAILED with ${count} charges`);
  }
  return { states, charges: [...charges.values()].reduce((sum, count) => sum + count, 0), violations };
}

async function readCharges({ psp }: Endpoints): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    const response = await fetch(`${psp}/charges?limit=${PAGE}${query}`);
    const page: z.infer<typeof pageSchema> = pageSchema.parse(await response.json());
    for (const { reference } of page.charges) counts.set(reference, (counts.get(reference) ?? 0) + 1);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return counts;
}
