import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { verifyDatabase } from '../../../adapters/database/verify-database.ts';
import { generateHistory } from '../../../bench/history/generate.ts';
import { ExecutorHarness, recordOf } from '../../support/executor.ts';
import { newOrder, storePayment } from '../../support/payments.ts';
import { cloneDatabase, createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

const IS_CHARGED = 'SUCCESS is one charge or a capture that is booked as a movement';
const AMOUNTS = 'an order’s amounts are the sum of its movements and open instructions';
const IS_POSTED = 'a movement has its ledger transaction, and a ledger transaction its source';
const IS_OURS = expect.stringContaining('a movement of ours is that of its instruction');
const BALANCES = 'every balance is the sum of its entries';

let history: TestDatabase;
let testDatabase: TestDatabase;
let database: Database;
/** An order that succeeded before the first verification, and one after it. */
let old: string;
let recent: string;

beforeAll(async () => {
  history = await createTestDatabase();
  await generateHistory(history.url, { payments: 400, days: 300 });
});
afterAll(() => history.drop());

beforeEach(async () => {
  testDatabase = await cloneDatabase(history);
  database = testDatabase.database;
  const [row] = await database.execute(
    `select min(payment_order_id) as id from payment_order where status = 'SUCCESS'`,
    {},
  );
  old = String(row?.id);
  expect(await brokenOf()).toEqual([]);
  const { orders } = await storePayment(database, newOrder());
  await new ExecutorHarness(database).execute(...orders.map((order) => recordOf(order)));
  recent = orders[0]?.paymentOrderId ?? '';
});
afterEach(() => testDatabase.drop());

async function brokenOf(full = false): Promise<readonly string[]> {
  const { invariants } = await verifyDatabase(testDatabase.as('oncepay_operate'), { full });
  return invariants.flatMap(({ name, violation }) => (violation === undefined ? [] : [name]));
}

const tamper = (sql: string) =>
  database.execute(
    `set session_replication_role = 'replica'; ${sql}; set session_replication_role = 'origin'`,
    {},
  );

const movementOf = (order: string) =>
  `(select movement_id from movement where payment_order_id = '${order}' and origin = 'own')`;
const instructionOf = (order: string) =>
  `(select instruction_id from instruction where payment_order_id = '${order}' and operation = 'charge')`;
const transactionOf = (order: string) =>
  `(select ledger_transaction_id from ledger_transaction where source_id = ${movementOf(order)})`;
/** Another movement of the order, made now. */
const moveMore = (order: string, kind: string) => `
  insert into movement (movement_id, merchant_id, psp_account, kind, amount_minor, currency, occurred_at, payment_order_id,
                        psp_entry_id, origin)
  select 'mov_f' || substr(movement_id, 6), merchant_id, psp_account, '${kind}', 1, currency, occurred_at, payment_order_id,
         'txn_1', 'psp'
  from movement where payment_order_id = '${order}';
  insert into ledger_transaction (ledger_transaction_id, merchant_id, source_kind, source_id, posting_type, posted_at)
  select 'ltx_f' || substr(ledger_transaction_id, 6), merchant_id, source_kind, 'mov_f' || substr(source_id, 6), 'test', posted_at
  from ledger_transaction where ledger_transaction_id = ${transactionOf(order)};
  insert into ledger_entry
  select 'ltx_f' || substr(ledger_transaction_id, 6), entry_no, merchant_id, account_kind, account_owner, currency, direction,
         phase, amount_minor
  from ledger_entry where ledger_transaction_id = ${transactionOf(order)}`;

/** What breaks which invariants of an order. */
const VIOLATIONS: readonly (readonly [
  what: string,
  broken: readonly unknown[],
  sql: (order: string) => string,
])[] = [
  [
    'an order that succeeded without a charge',
    [IS_CHARGED, AMOUNTS, IS_POSTED],
    (order) => `delete from movement where payment_order_id = '${order}'`,
  ],
  [
    'a charge of an order that did not succeed',
    [IS_CHARGED],
    (order) => `update payment_order set status = 'EXECUTING' where payment_order_id = '${order}'`,
  ],
  [
    'two charges of one order',
    [IS_CHARGED, AMOUNTS, IS_POSTED],
    (order) => `
      insert into movement select (jsonb_populate_record(m, '{"movement_id":"mov_g","instruction_id":"ins_2"}')).*
      from movement m where payment_order_id = '${order}'`,
  ],
  [
    'an amount that did not move',
    [AMOUNTS],
    (order) => `update payment_order set captured = captured + 1 where payment_order_id = '${order}'`,
  ],
  [
    'a reservation that nothing holds',
    [AMOUNTS],
    (order) => `update payment_order set refund_pending = 1 where payment_order_id = '${order}'`,
  ],
  [
    'an open refund without its reservation',
    [AMOUNTS],
    (order) => `
      insert into instruction (instruction_id, parent_id, operation, group_id, payment_order_id, payment_id, merchant_id,
                               psp_account, amount_minor, currency, splits, request, request_version, not_before, last_sent_at)
      select 'ins_refund', instruction_id, 'refund', group_id, payment_order_id, payment_id, merchant_id, psp_account, 1,
             currency, splits, request, request_version, clock(), clock()
      from instruction where payment_order_id = '${order}'`,
  ],
  [
    'a movement of another amount than its instruction',
    [IS_OURS],
    (order) => `
      update movement set amount_minor = amount_minor + 1 where payment_order_id = '${order}';
      update payment_order set authorized = authorized + 1, captured = captured + 1 where payment_order_id = '${order}'`,
  ],
  [
    'a movement of another merchant than its instruction',
    [IS_OURS],
    (order) => `update movement set merchant_id = 'mer_x' where payment_order_id = '${order}'`,
  ],
  [
    'a movement of an instruction that did not succeed',
    [IS_OURS],
    (order) => `update instruction set state = 'declined' where instruction_id = ${instructionOf(order)}`,
  ],
  [
    'a movement that is not posted',
    [IS_POSTED],
    (order) => `
      delete from ledger_entry where ledger_transaction_id = ${transactionOf(order)};
      delete from ledger_transaction where ledger_transaction_id = ${transactionOf(order)}`,
  ],
  [
    'a ledger transaction without its movement',
    [IS_POSTED],
    (order) =>
      `update ledger_transaction set source_id = 'mov_x' where ledger_transaction_id = ${transactionOf(order)}`,
  ],
  [
    'a ledger transaction without its instruction',
    [IS_POSTED],
    (order) =>
      `update ledger_transaction set source_kind = 'instruction' where ledger_transaction_id = ${transactionOf(order)}`,
  ],
  [
    'a debit that is pending and a credit that is posted',
    ['debits equal credits in every ledger transaction, currency and phase', BALANCES],
    (order) =>
      `update ledger_entry set phase = 'pending' where ledger_transaction_id = ${transactionOf(order)} and entry_no = 0`,
  ],
];

describe('verify sees', () => {
  test.each(VIOLATIONS)('%s, among what is new', async (_what, broken, sql) => {
    await tamper(sql(recent));
    expect(await brokenOf()).toEqual(expect.arrayContaining([...broken]));
  });

  test.each(VIOLATIONS)('%s, by --full among what is old', async (_what, broken, sql) => {
    await tamper(sql(old));
    expect(await brokenOf(true)).toEqual(expect.arrayContaining([...broken]));
  });

  test('a refund of an old order that its amounts don’t have', async () => {
    await tamper(moveMore(old, 'refund'));
    expect(await brokenOf()).toContain(AMOUNTS);
  });

  test('a pending sum that no hold made', async () => {
    await tamper(`update account_balance set pending_debits = 1 where account_kind = 'psp_receivable'`);
    expect(await brokenOf()).toEqual([BALANCES]);
  });
});
