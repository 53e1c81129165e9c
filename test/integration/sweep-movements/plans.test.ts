import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import {
  ATTACH_UNFINISHED_SQL,
  attachMovements,
} from '../../../adapters/database/statements/attach-movements.ts';
import { MISSING_SQL } from '../../../adapters/database/statements/missing-movements.ts';
import { beginPeriod } from '../../../adapters/database/statements/sweep-period.ts';
import { systemIds } from '../../../adapters/ids.ts';
import { generateHistory } from '../../../bench/history/generate.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { type PlanMode, PlannedSession } from '../../support/rows-read.ts';

const PAGE = 100;
/** Of each entry: its instruction and movement, once to compare and once to change, and what the joins hand on. */
const ROWS_PER_ENTRY = 8;

let testDatabase: TestDatabase;
let session: PlannedSession;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  session = await PlannedSession.open(testDatabase.url, 'sweep');
  await generateHistory(testDatabase.url, { payments: 3_000, days: 300 });
  await testDatabase.database.execute(
    `insert into movement_discrepancy (discrepancy_id, psp_account, reason, kind, amount_minor, currency, occurred_at, psp_entry_id,
                                       noted_at, resolved_at)
     select 'dsc_' || n, 'simulator', 'not_finished', 'charge', 1, 'KRW', clock(), 'txn_' || n, clock(), clock()
     from generate_series(1, 5000) as n`,
    {},
  );
  // As a record leaves it: what the PSP named is known.
  await testDatabase.database.execute(
    `update instruction set psp_reference = 'ch_' || payment_order_id where state = 'succeeded'`,
    {},
  );
  await testDatabase.database.execute('analyze', {});
  await beginPeriod(testDatabase.database, 'simulator');
});
afterAll(async () => {
  await session.close();
  await testDatabase.drop();
});

const modes: readonly PlanMode[] = ['force_custom_plan', 'force_generic_plan'];

async function rowsOf(mode: PlanMode, run: (database: Database) => Promise<unknown>): Promise<number> {
  let rows = 0;
  await run({
    execute: async (sql, input) => {
      rows = await session.rowsRead(sql, Object(input), mode);
      return [];
    },
  });
  return rows;
}

interface Named {
  readonly reference: string;
  readonly amountMinor: bigint;
  readonly currency: string;
}

async function pageOf(named: readonly Named[]) {
  const period = await beginPeriod(testDatabase.database, 'simulator');
  const movements = named.map((each, entry) => ({
    ...each,
    pspEntryId: `txn_${each.reference}_${entry}`,
    pspReference: `ch_${each.reference}`,
    kind: 'charge' as const,
    occurredAt: new Date(0),
    availableAt: new Date(0),
  }));
  return { pspAccount: 'simulator', period, movements, next: null };
}

/** A page of charges that were booked, from all over the history. */
async function bookedCharges(): Promise<readonly Named[]> {
  const rows = await testDatabase.database.execute(
    `select payment_order_id, amount_minor::text as amount, currency
     from movement
     where psp_account = 'simulator' and kind = 'charge' and psp_entry_id is null
     order by md5(movement_id) limit ${PAGE}`,
    {},
  );
  return rows.map(({ payment_order_id, amount, currency }) => ({
    reference: String(payment_order_id),
    amountMinor: BigInt(String(amount)),
    currency: String(currency),
  }));
}

test('a page of booked charges is attached', async () => {
  const page = await pageOf(await bookedCharges());
  const { attached, noted } = await attachMovements(testDatabase.database, page, () => systemIds.next('dsc'));
  expect({ attached, noted }).toEqual({ attached: PAGE, noted: 0 });
});

describe.each(modes)('planned with %s', (mode) => {
  test('a page is compared by reading the few rows that its entries name', async () => {
    const page = await pageOf(await bookedCharges());
    expect(page.movements).toHaveLength(PAGE);
    const attach = (database: Database) => attachMovements(database, page, () => systemIds.next('dsc'));
    expect(await rowsOf(mode, attach)).toBeLessThanOrEqual(PAGE * ROWS_PER_ENTRY);
  });

  test('a page of what is unknown reads nothing of ours', async () => {
    const page = await pageOf(
      Array.from({ length: PAGE }, (_, entry) => ({
        reference: `dashboard ${entry}`,
        amountMinor: 1n,
        currency: 'KRW',
      })),
    );
    const attach = (database: Database) => attachMovements(database, page, () => systemIds.next('dsc'));
    expect(await rowsOf(mode, attach)).toBeLessThanOrEqual(PAGE + 5);
  });

  test('what had not ended is found without what is resolved', async () => {
    const input = { psp_account: 'simulator', limit: 200 };
    expect(await session.rowsRead(ATTACH_UNFINISHED_SQL, input, mode)).toBeLessThanOrEqual(5);
  });

  test('what is missing is looked for from the checkpoint on', async () => {
    const input = { psp_account: 'simulator', late_seconds: 1_800, limit: 100 };
    await testDatabase.database.execute(`update movement_sweep set checked_to = '', swept_to = clock()`, {});
    expect(await session.rowsRead(MISSING_SQL, input, mode)).toBeLessThanOrEqual(100 * ROWS_PER_ENTRY);
    await testDatabase.database.execute(`update movement_sweep set checked_to = 'mov_~'`, {});
    expect(await session.rowsRead(MISSING_SQL, input, mode)).toBeLessThanOrEqual(5);
  });
});
