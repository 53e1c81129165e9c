import { afterAll, beforeAll, expect, test } from 'vitest';
import { INVARIANTS } from '../../../adapters/database/statements/invariants.ts';
import { checkInvariant } from '../../../adapters/database/statements/verify.ts';
import { ExecutorHarness, recordOf } from '../../support/executor.ts';
import { newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(() => testDatabase.drop());

const violations = async () => {
  const found = await Promise.all(
    INVARIANTS.map((invariant) => checkInvariant(testDatabase.as('oncepay_operate'), invariant)),
  );
  return found.filter((violation) => violation !== undefined);
};

test('verify sees a balanced pair that was added to the transaction of an old charge', async () => {
  const database = testDatabase.as('oncepay_execute');
  const { orders } = await storePayment(testDatabase.as('oncepay_accept'), newOrder());
  await new ExecutorHarness(database).execute(...orders.map((order) => recordOf(order)));
  const before = await violations();
  const [row] = await database.execute(
    `insert into ledger_entry (ledger_transaction_id, entry_no, merchant_id, account_kind, account_owner, currency, direction, phase, amount_minor)
     select e.ledger_transaction_id, n.entry_no, e.merchant_id, 'seller_payable', n.owner, e.currency, n.direction, 'posted', 100
     from (select * from ledger_entry limit 1) e,
          (values (50, 'seller-1', 'debit'), (51, 'a-thief', 'credit')) as n(entry_no, owner, direction)
     returning ledger_transaction_id`,
    {},
  );

  expect(before).toEqual([]);
  expect(await violations()).toContainEqual(
    expect.objectContaining({
      invariant: expect.stringContaining('books its movement'),
      examples: [row?.ledger_transaction_id],
    }),
  );
});
