import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DirectDatabase } from '../../../adapters/database/direct-database.ts';
import { DUTIES, type Duty, loginsOf } from '../../../adapters/database/set-up/logins.ts';
import { clearCap, setCap } from '../../../adapters/database/statements/amount-caps.ts';
import { createApiKey, findApiKey } from '../../../adapters/database/statements/api-keys.ts';
import { INVARIANTS } from '../../../adapters/database/statements/invariants.ts';
import { listDeadLetters } from '../../../adapters/database/statements/list-dead-letters.ts';
import {
  countSentWithoutLookUp,
  markLookUpFirst,
} from '../../../adapters/database/statements/look-up-first.ts';
import {
  addApiKey,
  createMerchant,
  listApiKeys,
  revokeApiKey,
} from '../../../adapters/database/statements/operate-keys.ts';
import { listOperations } from '../../../adapters/database/statements/operation-log.ts';
import {
  listCircuits,
  listPauses,
  pause,
  resume,
} from '../../../adapters/database/statements/processing-pauses.ts';
import { releaseInstruction } from '../../../adapters/database/statements/quarantine.ts';
import { readTrialBalance, readWallet } from '../../../adapters/database/statements/read-ledger.ts';
import { listPayments, readPayment } from '../../../adapters/database/statements/read-payments.ts';
import {
  markRedriven,
  planRedrive,
  registerMovedDeadLetters,
} from '../../../adapters/database/statements/redrive-dead-letters.ts';
import { registerPoison } from '../../../adapters/database/statements/register-poison.ts';
import { takeDueInstructions } from '../../../adapters/database/statements/relay-instructions.ts';
import { checkInvariant } from '../../../adapters/database/statements/verify.ts';
import { ExecutorHarness, recordOf } from '../../support/executor.ts';
import { chargeOf, MERCHANT, moveClock, newOrder, newPayment, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let as: Readonly<Record<Duty, DirectDatabase>>;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  as = Object.fromEntries(
    DUTIES.map((duty) => [duty, testDatabase.as(`oncepay_${duty}_alternate`)]),
  ) as unknown as typeof as;
});
afterAll(() => testDatabase.drop());

const refused = (duty: Duty, sql: string) =>
  as[duty].execute(sql, {}).then(
    () => 'done',
    (error: { sqlState?: string }) => error.sqlState,
  );

const EVERYTHING = {
  status: undefined,
  createdFrom: undefined,
  createdTo: undefined,
  after: undefined,
  limit: 100,
};

describe('each duty is done with the rights of its own login', () => {
  test('a payment from accepting to reading', async () => {
    const payment = await storePayment(as.accept, newOrder(), newOrder());
    const executor = new ExecutorHarness(as.execute);
    expect(await executor.execute(...payment.orders.map((order) => recordOf(order)))).toEqual([]);
    const found = await readPayment(as.read, MERCHANT, payment.paymentId);
    expect(found.payments).toMatchObject([{ status: 'SUCCESS' }]);
    expect(found.attempts).toHaveLength(2);
    expect(await readWallet(as.read, MERCHANT, 'seller_1')).toMatchObject([{ posted_credits: 30_000n }]);
    expect(await readTrialBalance(as.read, MERCHANT)).toMatchObject([{ debits: 30_000n, credits: 30_000n }]);
  });

  test('a replay finds the answer, and a second payment of a reference is refused', async () => {
    const { acceptPayment } = await import('../../../adapters/database/statements/accept-payment.ts');
    const payment = newPayment([newOrder()]);
    const request = {
      scope: 'POST /v1/payments',
      key: payment.paymentId,
      fingerprint: 'fingerprint',
      answer: { status: 202, location: '/', body: '{}' },
    };
    expect(await acceptPayment(as.accept, payment, request, {})).toEqual({ kind: 'created' });
    expect(await acceptPayment(as.accept, payment, request, {})).toMatchObject({ kind: 'replayed' });
    const again = { ...newPayment([newOrder()]), merchantReference: payment.merchantReference };
    expect(await acceptPayment(as.accept, again, { ...request, key: 'other' }, {})).toEqual({
      kind: 'duplicate_merchant_reference',
    });
  });

  test('relaying', async () => {
    const { orders } = await storePayment(as.accept, newOrder());
    await moveClock(testDatabase.database, 3_600);
    const { due } = await takeDueInstructions(as.relay, 10);
    expect(due.map(({ group_id }) => group_id)).toContain(orders[0]?.paymentOrderId);
    await moveClock(testDatabase.database, 0);
  });

  test('registering dead letters, planning a redrive, noting what went back', async () => {
    const [order] = (await storePayment(as.accept, newOrder())).orders;
    const key = chargeOf(order ?? { instructionId: '', paymentOrderId: '' });
    await registerMovedDeadLetters(as.redrive, [{ key, messageId: 'm1' }]);
    await registerPoison(as.redrive, [{ body: 'unreadable', messageId: 'm2', reason: 'unparseable' }]);
    const planned = await planRedrive(as.redrive, { restSeconds: [0], filter: {}, limit: 10 });
    expect(planned.map(({ dead_letter_id }) => dead_letter_id)).toContain(key.instructionId);
    await markRedriven(as.redrive, planned, { actor: 'redrive', reason: 'a test', origin: 'pipeline' });
    expect(await planRedrive(as.redrive, { restSeconds: [0], filter: {}, limit: 10 })).toEqual([]);
  });

  test('finding a key', async () => {
    await createApiKey(as.operate, {
      apiKeyId: 'key_1',
      secretHash: 'a'.repeat(64),
      merchantId: MERCHANT,
      merchantName: 'One',
    });
    expect(await findApiKey(as.authorize, { apiKeyId: 'key_1', secretHash: 'a'.repeat(64) })).toEqual({
      merchantId: MERCHANT,
      secretHash: 'a'.repeat(64),
    });
  });

  test('what operators do', async () => {
    const operator = { actor: 'me', reason: 'a test', origin: 'here' };
    expect(await pause(as.operate, 'all', operator)).toBe(true);
    expect(await listPauses(as.operate)).toHaveLength(1);
    expect(await resume(as.operate, 'all', operator)).toBe(true);
    expect(await listCircuits(as.operate)).toEqual([]);
    expect(await listDeadLetters(as.operate, { states: ['waiting'], limit: 1 })).toEqual([]);
    expect(await releaseInstruction(as.operate, 'ins_none', operator)).toBe(false);
    expect(await createMerchant(as.operate, { merchantId: 'mer_2', merchantName: 'Two' }, operator)).toBe(
      true,
    );
    const key = { apiKeyId: 'key_2', secretHash: 'b'.repeat(64), merchantId: 'mer_2' };
    expect(await addApiKey(as.operate, key, operator)).toBe('created');
    await findApiKey(as.authorize, key);
    expect(await listApiKeys(as.operate, { merchantId: 'mer_2', revokedToo: false, limit: 1 })).toMatchObject(
      [{ last_used_at: expect.any(String) }],
    );
    expect(await revokeApiKey(as.operate, 'key_2', operator)).toBe('mer_2');
    const cap = { merchantId: 'mer_2', currency: 'KRW' };
    await setCap(as.operate, { ...cap, maxAmountMinor: 1n }, operator);
    expect(await clearCap(as.operate, cap, operator)).toBe(true);
    await storePayment(as.accept, newOrder());
    const open = await countSentWithoutLookUp(as.operate);
    expect(open).toBeGreaterThan(0);
    expect(await markLookUpFirst(as.operate, 95, operator)).toBe(open);
    expect((await listOperations(as.operate, { limit: 100 })).length).toBeGreaterThan(6);
    for (const invariant of INVARIANTS) expect(await checkInvariant(as.operate, invariant)).toBeUndefined();
    expect((await readTrialBalance(as.operate, MERCHANT)).length).toBe(1);
  });
});

const LEDGER = ['movement', 'ledger_transaction', 'ledger_entry', 'evidence', 'operation_log'];
const NOT_TO_CHANGE = LEDGER.flatMap((table) => [
  `update ${table} set ${table === 'evidence' ? 'outcome' : table === 'operation_log' ? 'actor' : 'merchant_id'} = 'x'`,
  `delete from ${table}`,
  `truncate ${table} cascade`,
  `alter table ${table} disable trigger all`,
  `drop table ${table} cascade`,
]);

/** What only the executor writes, and operators in its stead. */
const BOOKS = [
  `insert into movement (movement_id) values ('mov_1')`,
  `insert into ledger_transaction (ledger_transaction_id) values ('ltx_1')`,
  `insert into ledger_entry (ledger_transaction_id) values ('ltx_1')`,
  `insert into evidence (instruction_id) values ('ins_1')`,
  'update account_balance set posted_credits = 1',
  'select * from ledger_entry',
  'select * from evidence',
  'select * from api_key',
];

describe('no login may do another’s duty', () => {
  test.each(DUTIES)('%s can’t change append-only tables, nor own or create anything', async (duty) => {
    for (const sql of [
      ...NOT_TO_CHANGE,
      'create table x (y int)',
      'create schema x',
      'create role x',
      'alter table payment disable row level security',
      `alter role oncepay_read password 'x'`,
      'select * from credentials.login_password',
      `select pg_read_file('/etc/passwd')`,
    ]) {
      expect([sql, await refused(duty, sql)]).toEqual([sql, '42501']);
    }
  });

  test.each([
    [
      'authorize',
      [
        'select * from payment',
        'select created_at from api_key',
        'delete from api_key',
        'update api_key set revoked_at = null',
      ],
    ],
    [
      'measure',
      [
        'select * from payment',
        'select psp_account from payment_order',
        'select merchant_id from account_balance',
        'select body from psp_event',
        'select reason from dead_letter',
        `insert into processing_pause values ('all', now(), 'me', 'why')`,
        'select * from api_key',
      ],
    ],
    [
      'sweep',
      [
        'select * from payment',
        'select * from payment_order',
        'select merchant_id from movement',
        'select request from instruction',
        `update instruction set state = 'succeeded'`,
        'update movement set amount_minor = 1',
        `insert into movement (movement_id) values ('mov_1')`,
        `insert into ledger_transaction (ledger_transaction_id) values ('ltx_1')`,
        'update movement_discrepancy set amount_minor = 1',
        'delete from movement_discrepancy',
        'select * from account_balance',
      ],
    ],
    [
      'accept',
      [
        'select * from payment',
        'select * from api_key',
        'select * from evidence',
        `update instruction set state = 'succeeded'`,
        `insert into instruction (instruction_id, group_id, payment_order_id, payment_id, merchant_id, operation, psp_account,
           amount_minor, currency, splits, request, request_version, not_before, last_sent_at, state)
         values ('i', 'o', 'o', 'p', 'm', 'charge', 'psp', 1, 'KRW', '[]', '{}', 1, now(), now(), 'succeeded')`,
        `insert into payment_order (payment_order_id, status) values ('o', 'SUCCESS')`,
        'delete from idempotency_key',
        'select * from ledger_entry',
      ],
    ],
    [
      'read',
      [
        'select * from api_key',
        'select * from merchant',
        'select * from idempotency_key',
        'select * from ledger_entry',
        'select * from payment for update',
        'delete from payment',
        `insert into evidence (instruction_id) values ('i')`,
      ],
    ],
    [
      'execute',
      [
        'select * from api_key',
        'select buyer_id from payment',
        'select metadata from payment',
        'select * from idempotency_key',
        'update payment_order set amount_minor = 1',
        `update payment_order set splits = '[]'`,
        `update instruction set operation = 'refund'`,
        `insert into payment (payment_id) values ('p')`,
        'delete from processing_pause',
        'delete from instruction',
        'select * from operation_log',
        'update instruction set send_no = 2',
        'select * from dead_letter_now',
      ],
    ],
    [
      'relay',
      [
        ...BOOKS,
        `update instruction set state = 'succeeded'`,
        `update instruction set attempt_no = 0`,
        `update instruction set claim_token = 'x'`,
        'select amount_minor from payment_order',
        `update payment_order set status = 'SUCCESS'`,
        'select * from payment',
        'select * from dead_letter',
        'select body from psp_event',
        'delete from psp_event',
        `update psp_circuit set open_until = null`,
        'delete from processing_pause',
      ],
    ],
    [
      'redrive',
      [
        ...BOOKS,
        `update instruction set state = 'ready'`,
        'update instruction set send_no = 2',
        'select * from instruction for update',
        `update payment_order set status = 'SUCCESS'`,
        'select * from payment',
        'delete from dead_letter',
        `update psp_circuit set open_until = null`,
        'delete from processing_pause',
        'select * from operation_log',
      ],
    ],
    [
      'receive',
      [
        ...BOOKS,
        'update instruction set not_before = now()',
        `update instruction set state = 'succeeded'`,
        'update instruction set send_no = 2',
        'select request from instruction',
        'select amount_minor from instruction',
        'select * from payment',
        'select * from payment_order',
        'select body from psp_event',
        'delete from psp_event',
        `update psp_event set state = 'foreign'`,
        `update psp_event set body = ''`,
        `insert into operation_log (subject_id) values ('x')`,
      ],
    ],
    [
      'operate',
      [
        'delete from psp_event',
        `update psp_event set body = ''`,
        'select secret_hash from api_key',
        'delete from payment',
        'update payment_order set amount_minor = 1',
      ],
    ],
    ['migrate', ['select * from payment', 'select * from api_key', 'delete from ledger_entry']],
  ] satisfies [Duty, string[]][])('%s can’t do what it isn’t for', async (duty, statements) => {
    for (const sql of statements) expect([sql, await refused(duty, sql)]).toEqual([sql, '42501']);
  });

  test('none is owner or superuser or bypasses row-level security, and only migrate may become the owner', async () => {
    const rows = await testDatabase.database.execute(
      `select r.rolname as login,
              r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication as is_mighty,
              exists (select from pg_class c where c.relowner = r.oid) as owns,
              pg_has_role(r.oid, 'oncepay_owner', 'usage') as has_owner,
              pg_has_role(r.oid, 'oncepay_owner', 'set') as may_become_owner
       from pg_roles r where r.rolcanlogin and r.rolname like 'oncepay\\_%' order by 1`,
      {},
    );
    expect(rows.map((row) => row.login)).toEqual(DUTIES.flatMap(loginsOf).toSorted());
    for (const row of rows) {
      expect(row).toMatchObject({
        is_mighty: false,
        owns: false,
        has_owner: false,
        may_become_owner: loginsOf('migrate').includes(String(row.login)),
      });
    }
  });
});

describe('row-level security', () => {
  test('shows a reader no row if no merchant is set', async () => {
    for (const table of ['payment', 'payment_order', 'evidence', 'movement', 'account_balance']) {
      expect(await as.read.execute(`select count(*)::int as n from ${table}`, {})).toEqual([{ n: 0 }]);
    }
  });

  test('shows a statement only its merchant’s rows, even without a filter', async () => {
    const other = newPayment([newOrder()], 'mer_other');
    const { acceptPayment } = await import('../../../adapters/database/statements/accept-payment.ts');
    await acceptPayment(
      as.accept,
      other,
      {
        scope: 's',
        key: 'k',
        fingerprint: 'f',
        answer: { status: 202, location: '/', body: '{}' },
      },
      {},
    );
    const client = await connectAs('oncepay_read');
    const counts = async (merchant: string) => {
      await client.query('begin');
      await client.query(`select set_config('oncepay.merchant_id', $1, true)`, [merchant]);
      const { rows } = await client.query('select distinct merchant_id from payment');
      await client.query('commit');
      return rows.map((row) => row.merchant_id);
    };
    expect(await counts('mer_other')).toEqual(['mer_other']);
    expect(await counts(MERCHANT)).toEqual([MERCHANT]);
    expect(await counts('')).toEqual([]);
    await client.end();
    expect((await listPayments(as.read, 'mer_other', EVERYTHING)).payments).toHaveLength(1);
    expect((await readPayment(as.read, MERCHANT, other.paymentId)).payments).toEqual([]);
  });

  test('lets accept write only for the merchant that is set', async () => {
    const client = await connectAs('oncepay_accept');
    await client.query('begin');
    await client.query(`select set_config('oncepay.merchant_id', 'mer_one', true)`);
    await expect(
      client.query(`insert into payment (payment_id, merchant_id, merchant_reference, buyer_id, payment_method, metadata,
        created_at, orders_total) values ('pay_x', 'mer_other', 'r', 'b', 'm', '{}', now(), 1)`),
    ).rejects.toMatchObject({ code: '42501' });
    await client.end();
  });

  test.each([
    ['without a parent', false, '23505'],
    ['with the first charge as its parent', true, '42501'],
  ])('does not let accept have an order charged again, %s', async (_, hasParent, code) => {
    const { paymentId, orders } = await storePayment(as.accept, newOrder());
    const client = await connectAs('oncepay_accept');
    await client.query('begin');
    await client.query(`select set_config('oncepay.merchant_id', $1, true)`, [MERCHANT]);
    await expect(
      client.query(
        `insert into instruction (instruction_id, group_id, payment_order_id, payment_id, merchant_id, operation, psp_account,
           amount_minor, currency, splits, parent_id, request, request_version, not_before, last_sent_at)
         values ('ins_again', $1, $1, $2, $3, 'charge', 'simulator', 1, 'KRW', '[]', $4, '{}', 1, now(), now())`,
        [orders[0]?.paymentOrderId, paymentId, MERCHANT, hasParent ? orders[0]?.instructionId : null],
      ),
    ).rejects.toMatchObject({ code });
    await client.end();
  });
});

async function connectAs(role: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: testDatabase.url, options: `-c role=${role}` });
  await client.connect();
  return client;
}
