import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExecutorHarness, recordOf } from '../../support/executor.ts';
import { storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  client = new pg.Client(testDatabase.url);
  await client.connect();
  const { orders } = await storePayment(testDatabase.database);
  await new ExecutorHarness(testDatabase.database).execute(...orders.map((order) => recordOf(order)));
});
afterAll(async () => {
  await client.end();
  await testDatabase.drop();
});

const refused = (sql: string) =>
  client.query(sql).then(
    () => undefined,
    (error: pg.DatabaseError) => ({ code: error.code, constraint: error.constraint }),
  );

const entry = (
  id: string,
  no: number,
  direction: string,
  amount: number,
  currency = 'KRW',
  phase = 'posted',
) =>
  `insert into ledger_entry values ('${id}', ${no}, 'mer', 'seller_payable', 's', '${currency}', '${direction}', '${phase}', ${amount})`;
const transaction = (id: string, source = id) =>
  `insert into ledger_transaction values ('${id}', 'mer', 'movement', '${source}', 'charge', now())`;

describe('the ledger refuses', () => {
  test.each([
    [
      'debits that are not its credits',
      [transaction('t1'), entry('t1', 0, 'debit', 2), entry('t1', 1, 'credit', 1)],
    ],
    [
      'two currencies that balance only together',
      [transaction('t2'), entry('t2', 0, 'debit', 1), entry('t2', 1, 'credit', 1, 'USD')],
    ],
    [
      'two phases that balance only together',
      [transaction('t6'), entry('t6', 0, 'debit', 1), entry('t6', 1, 'credit', 1, 'KRW', 'pending')],
    ],
    ['a transaction without entries', [transaction('t3')]],
  ])('%s, at commit', async (_name, statements) => {
    await client.query('begin');
    for (const statement of statements.slice(0, 1)) await client.query(statement);
    const first = await refused(statements.slice(1).join(';') || 'select 1');
    const atCommit = first ?? (await refused('commit'));
    await client.query('rollback');
    expect(atCommit).toMatchObject({ code: '23514' });
  });

  test('an amount of zero, and a second posting of the same cause', async () => {
    expect(await refused(entry('t4', 0, 'debit', 0))).toMatchObject({ code: '23514' });
    const { rows } = await client.query<{ source_id: string }>(
      'select source_id from ledger_transaction limit 1',
    );
    expect(await refused(transaction('t5', rows[0]?.source_id))).toEqual({
      code: '23505',
      constraint: 'ledger_transaction_is_posted_once',
    });
  });

  test.each(['ledger_transaction', 'ledger_entry', 'operation_log'])('any change of %s', async (table) => {
    const column = table === 'operation_log' ? 'actor' : 'merchant_id';
    for (const sql of [
      `update ${table} set ${column} = 'x'`,
      `delete from ${table}`,
      `truncate ${table} cascade`,
    ]) {
      expect(await refused(sql), sql).toMatchObject({ code: '42501' });
    }
  });
});

describe('a movement', () => {
  const copy = (changes: string) =>
    `insert into movement select (jsonb_populate_record(m, '${changes}')).* from movement m where origin = 'own'`;
  const fromPsp = (id: string, entry: string, more = '') =>
    copy(`{"movement_id":"${id}","instruction_id":null,"origin":"psp","psp_entry_id":"${entry}"${more}}`);

  test('of an instruction is booked once under each kind', async () => {
    expect(await refused(copy('{"movement_id":"m1"}'))).toEqual({
      code: '23505',
      constraint: 'movement_of_instruction_is_booked_once',
    });
  });

  test('of the PSP is booked once for its entry, account and kind', async () => {
    expect(await refused(fromPsp('m2', 'txn_1', ',"kind":"refund"'))).toBeUndefined();
    expect(await refused(fromPsp('m3', 'txn_1', ',"kind":"fee"'))).toBeUndefined();
    expect(await refused(fromPsp('m4', 'txn_1', ',"kind":"fee","psp_account":"other"'))).toBeUndefined();
    expect(await refused(fromPsp('m5', 'txn_1', ',"kind":"fee"'))).toEqual({
      code: '23505',
      constraint: 'movement_of_entry_is_booked_once',
    });
  });

  test.each([
    ['of no instruction that is said to be ours', '{"movement_id":"m6","instruction_id":null}'],
    ['of the PSP without its entry', '{"movement_id":"m7","instruction_id":null,"origin":"psp"}'],
    ['of less than nothing', '{"movement_id":"m8","instruction_id":"i8","amount_minor":-1}'],
    ['of a kind that there is not', '{"movement_id":"m9","instruction_id":"i9","kind":"gift"}'],
  ])('%s is refused', async (_what, changes) => {
    expect(await refused(copy(changes))).toMatchObject({ code: '23514' });
  });

  test('gets its entry and its date once, and never changes otherwise', async () => {
    const change = (what: string) => refused(`update movement set ${what} where origin = 'own'`);
    const appendOnly = { code: '42501', constraint: 'movement_is_append_only' };
    expect(await change(`psp_entry_id = 'txn_9'`)).toBeUndefined();
    expect(await change(`available_at = '2026-01-01'`)).toBeUndefined();
    expect(await change(`psp_entry_id = 'txn_10'`)).toEqual(appendOnly);
    expect(await change(`psp_entry_id = null`)).toEqual(appendOnly);
    expect(await change(`available_at = '2026-01-02'`)).toEqual(appendOnly);
    for (const column of ['merchant_id', 'psp_account', 'instruction_id', 'payment_order_id'])
      expect(await change(`${column} = ${column} || 'X'`), column).toEqual(appendOnly);
    expect(await change(`currency = 'USD'`)).toEqual(appendOnly);
    expect(await change('amount_minor = amount_minor + 1')).toEqual(appendOnly);
    expect(await change(`occurred_at = occurred_at + interval '1 second'`)).toEqual(appendOnly);
    expect(await refused('delete from movement')).toMatchObject({ code: '42501' });
    expect(await refused('truncate movement')).toMatchObject({ code: '42501' });
  });
});

describe('the database refuses', () => {
  test.each(['instruction', 'payment_order'])('to let %s leave a terminal state', async (table) => {
    const change = table === 'instruction' ? `state = 'ready'` : `status = 'FAILED', failure = '{}'`;
    expect(await refused(`update ${table} set ${change}`)).toMatchObject({
      code: '23514',
      constraint: 'terminal_state_is_immutable',
    });
  });

  test('to change evidence', async () => {
    expect(await refused(`update evidence set outcome = 'x'`)).toMatchObject({ code: '42501' });
    expect(await refused('truncate evidence')).toMatchObject({ code: '42501' });
  });

  test.each([
    ['an order without an amount', `update payment_order set amount_minor = 0`],
    ['to reserve less than nothing', `update payment_order set refund_pending = -1`],
    ['a currency that is none', `update payment_order set currency = 'krw'`],
    ['more orders finished than there are', `update payment set orders_succeeded = 5`],
    [
      'to wait for a circuit without being parked',
      `update instruction set waits_for = 'circuit:x', parked = false`,
    ],
    ['a pause of nothing', `insert into processing_pause values ('somebody', now(), 'a', 'b')`],
  ])('%s', async (_name, sql) => {
    expect(await refused(sql)).toMatchObject({ code: '23514' });
  });
});
