import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { ATTACH_PAGE_SQL, attachMovements } from '../../../adapters/database/statements/attach-movements.ts';
import { INVARIANTS } from '../../../adapters/database/statements/invariants.ts';
import { beginPeriod } from '../../../adapters/database/statements/sweep-period.ts';
import { checkInvariant } from '../../../adapters/database/statements/verify.ts';
import { systemIds } from '../../../adapters/ids.ts';
import { ExecutorHarness, recordOf } from '../../support/executor.ts';
import { storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
beforeEach(async () => {
  testDatabase = await createTestDatabase();
});
afterEach(() => testDatabase.drop());

/** The statement with one of its steps replaced. */
function planted(step: string, replacement: string): string {
  const start = ATTACH_PAGE_SQL.indexOf(`\n${step} as (`);
  const end = ATTACH_PAGE_SQL.indexOf('\n)', start);
  expect(start).toBeGreaterThan(0);
  return `${ATTACH_PAGE_SQL.slice(0, start)}\n${step} as (${replacement}${ATTACH_PAGE_SQL.slice(end)}`;
}

const BOOKED_BESIDE_OURS = planted(
  'attached',
  `
  insert into movement (movement_id, merchant_id, psp_account, kind, amount_minor, currency, occurred_at, payment_order_id,
                        psp_entry_id, origin)
  select 'mov_planted', m.merchant_id, c.psp_account, c.kind, c.amount_minor, c.currency, c.occurred_at, c.payment_order_id,
         c.psp_entry_id, 'psp'
  from compared c
  join movement m on m.movement_id = c.movement_id
  returning movement_id`,
);

/** A charge that is booked, and the PSP's entry of it swept by the planted statement. */
async function sweepPlanted(database: Database, sql: string): Promise<void> {
  const { orders } = await storePayment(testDatabase.database);
  await new ExecutorHarness(testDatabase.database).execute(...orders.map((order) => recordOf(order)));
  const reference = orders[0]?.paymentOrderId ?? '';
  const period = await beginPeriod(testDatabase.database, 'simulator');
  const movement = {
    pspEntryId: `txn_of_${reference}`,
    pspReference: `ch_${reference}`,
    reference,
    kind: 'charge',
    amountMinor: 15_000n,
    currency: 'KRW',
    occurredAt: new Date(),
  } as const;
  const planting: Database = {
    execute: (given, input) => database.execute(given === ATTACH_PAGE_SQL ? sql : given, input),
  };
  const page = { pspAccount: 'simulator', period, movements: [movement], next: null };
  await attachMovements(planting, page, () => systemIds.next('dsc'));
}

async function violations(): Promise<readonly string[]> {
  const found = await Promise.all(
    INVARIANTS.map((invariant) => checkInvariant(testDatabase.database, invariant)),
  );
  return found.flatMap((violation) => (violation === undefined ? [] : [violation.invariant]));
}

describe('a sweep that books its entry beside ours', () => {
  test('is caught by the invariants', async () => {
    await sweepPlanted(testDatabase.database, ATTACH_PAGE_SQL);
    expect(await violations()).toEqual([]);
    await sweepPlanted(testDatabase.database, BOOKED_BESIDE_OURS);
    expect(new Set(await violations())).toEqual(
      new Set([
        'an order’s amounts are the sum of its movements and open instructions',
        'a movement has its ledger transaction, and a ledger transaction its source',
      ]),
    );
  });

  test('is refused to the sweep’s login', async () => {
    await expect(sweepPlanted(testDatabase.as('oncepay_sweep'), BOOKED_BESIDE_OURS)).rejects.toMatchObject({
      sqlState: '42501',
    });
  });
});
