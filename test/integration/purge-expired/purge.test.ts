import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import type { DirectDatabase } from '../../../adapters/database/direct-database.ts';
import type { NewPayment } from '../../../adapters/database/statements/accept-payment.ts';
import { INVARIANTS } from '../../../adapters/database/statements/invariants.ts';
import { listOperations } from '../../../adapters/database/statements/operation-log.ts';
import { pause, resume } from '../../../adapters/database/statements/processing-pauses.ts';
import { countDue, lastRun } from '../../../adapters/database/statements/purge-expired.ts';
import { closePoison } from '../../../adapters/database/statements/quarantine.ts';
import { readTrialBalance } from '../../../adapters/database/statements/read-ledger.ts';
import { readPayment } from '../../../adapters/database/statements/read-payments.ts';
import { registerMovedDeadLetters } from '../../../adapters/database/statements/redrive-dead-letters.ts';
import { registerPoison } from '../../../adapters/database/statements/register-poison.ts';
import { checkInvariant } from '../../../adapters/database/statements/verify.ts';
import { JOB, type PurgeReport, purgeExpired } from '../../../lambdas/purge-expired/purge.ts';
import { EventReceiver } from '../../support/event-receiver.ts';
import { eventBody } from '../../support/events.ts';
import { ExecutorHarness, recordOf, ScriptedPsp } from '../../support/executor.ts';
import { chargeOf, MERCHANT, moveClock, newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let database: Database;
let asPurge: DirectDatabase;
const DAYS = { buyerData: 60, evidence: 90, operationLog: 120 };
const OPERATOR = { actor: 'ann', reason: 'a test', origin: 'here' };
const A_DAY = 24 * 3_600;

// A database for each test: a purge is of all that there is.
beforeEach(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
  asPurge = testDatabase.as('oncepay_purge');
});
afterEach(() => testDatabase.drop());

async function run(days = DAYS, hasTime = () => true): Promise<PurgeReport> {
  return purgeExpired({ database: asPurge, activity: { isIdle: async () => false }, days, hasTime });
}

async function later(days: number): Promise<PurgeReport> {
  await moveClock(database, days * A_DAY);
  return run();
}

async function executed(psp = new ScriptedPsp()): Promise<NewPayment> {
  const payment = await storePayment(database, newOrder(), newOrder());
  await new ExecutorHarness(database, psp).execute(...payment.orders.map((order) => recordOf(order)));
  return payment;
}

async function kept({ paymentId }: NewPayment) {
  const { payments, attempts } = await readPayment(database, MERCHANT, paymentId);
  return { buyer: payments[0]?.buyer_id, attempts: attempts.length, status: payments[0]?.status };
}

async function count(table: string): Promise<number> {
  const [row] = await database.execute(`select count(*)::int as rows from ${table}`, {});
  return Number(row?.rows);
}

const PSEUDONYM = expect.stringMatching(/^erased_[0-9a-f]{32}$/);

describe('a payment that has ended', () => {
  test('keeps its buyer, then a pseudonym of him, then no evidence; its orders and the ledger stay', async () => {
    const payment = await executed();
    const entries = await count('ledger_entry');
    await later(59);
    expect(await kept(payment)).toEqual({ buyer: 'buyer_1', attempts: 2, status: 'SUCCESS' });

    await later(61);
    expect(await kept(payment)).toEqual({ buyer: PSEUDONYM, attempts: 2, status: 'SUCCESS' });

    await later(91);
    expect(await kept(payment)).toEqual({ buyer: PSEUDONYM, attempts: 0, status: 'SUCCESS' });
    expect(await count('ledger_entry')).toBe(entries);
    for (const { debits, credits } of await readTrialBalance(database, MERCHANT))
      expect(debits).toBe(credits);
    for (const invariant of INVARIANTS) expect(await checkInvariant(database, invariant)).toBeUndefined();
  });

  test('has the pseudonym of its buyer’s other payments only', async () => {
    const [first, second] = [await executed(), await executed()];
    const other = await storePayment(database, newOrder());
    await database.execute(
      `update payment set buyer_id = 'buyer_2' where payment_id = :input::jsonb ->> 'id'`,
      {
        id: other.paymentId,
      },
    );
    await new ExecutorHarness(database).execute(...other.orders.map((order) => recordOf(order)));
    await later(61);
    const buyers = [await kept(first), await kept(second), await kept(other)].map(({ buyer }) => buyer);
    expect(buyers[0]).toBe(buyers[1]);
    expect(buyers[0]).not.toBe(buyers[2]);
  });
});

test('a payment that has not ended keeps all, however old it is', async () => {
  const never = new ScriptedPsp();
  never.onCharge = async () => ({ kind: 'unknown', reason: 'no answer' });
  const payment = await executed(never);
  await later(1_000);
  expect(await kept(payment)).toMatchObject({ buyer: 'buyer_1', attempts: 2, status: 'EXECUTING' });
});

test('idempotency keys go after thirty days and one more', async () => {
  await storePayment(database);
  const keys = await count('idempotency_key');
  await later(30);
  expect(await count('idempotency_key')).toBe(keys);
  await later(32);
  expect(await count('idempotency_key')).toBe(0);
});

test('an event goes when the evidence of its time does, whatever it names', async () => {
  const [order] = (await executed()).orders;
  const receiver = new EventReceiver(testDatabase.as('oncepay_receive'));
  await receiver.receive(
    eventBody({ reference: order?.paymentOrderId ?? '', idempotencyKey: order?.instructionId ?? '' }),
  );
  await receiver.receive(eventBody({ reference: 'a shop’s own', idempotencyKey: 'a shop’s own' }));
  await later(89);
  expect(await count('psp_event')).toBe(2);
  expect(await later(91)).toMatchObject({ purged: { events: 2 } });
  expect(await count('psp_event')).toBe(0);
});

test('a young event can’t be removed, not even by the purge', async () => {
  await new EventReceiver(testDatabase.as('oncepay_receive')).receive(eventBody());
  await expect(asPurge.execute('delete from psp_event', {})).rejects.toMatchObject({ sqlState: '42501' });
});

test('closed poison goes with its body, and what a person hasn’t closed stays', async () => {
  await registerPoison(database, [
    { body: 'closed', messageId: 'm1', reason: 'unparseable' },
    { body: 'open', messageId: 'm2', reason: 'unparseable' },
  ]);
  const [row] = await database.execute(
    `select dead_letter_id as id from dead_letter where poison_body = convert_to('closed', 'UTF8')`,
    {},
  );
  await closePoison(database, String(row?.id), OPERATOR);
  await later(91);
  const bodies = await database.execute(
    `select convert_from(poison_body, 'UTF8') as body from dead_letter where is_poison`,
    {},
  );
  expect(bodies).toEqual([{ body: 'open' }]);
});

test('a dead letter that was seen again is kept with its payment’s evidence until it is old', async () => {
  const payment = await executed();
  const [order] = payment.orders;
  if (order === undefined) throw new Error('a payment has an order');
  await later(61);
  await registerMovedDeadLetters(database, [{ key: chargeOf(order), messageId: 'm_late' }]);
  await later(91);
  expect(await kept(payment)).toMatchObject({ attempts: 2 });
  const deadLetters = `dead_letter where dead_letter_id = '${order.instructionId}'`;
  expect(await count(deadLetters)).toBe(1);
  await later(152);
  expect(await kept(payment)).toMatchObject({ attempts: 0 });
  expect(await count(deadLetters)).toBe(0);
});

test('the record of who did what goes as the stage says', async () => {
  await pause(database, 'merchant:mer_gone', OPERATOR);
  await resume(database, 'merchant:mer_gone', OPERATOR);
  const subject = 'pause:merchant:mer_gone';
  await later(119);
  expect(await listOperations(database, { subject, limit: 5 })).toHaveLength(2);
  await later(121);
  expect(await listOperations(database, { subject, limit: 5 })).toEqual([]);
});

describe('the job', () => {
  test('says what it removed and when it ran, removes nothing twice, and is shown what is due beforehand', async () => {
    await executed();
    await moveClock(database, 61 * A_DAY);
    const due = await countDue(testDatabase.as('oncepay_operate'), 'buyer_data', 60, 1_000);
    const first = await run();
    expect(first).toMatchObject({ kind: 'purged', isUnfinished: false, purged: { buyer_data: due } });
    expect(due).toBeGreaterThan(0);
    expect(await run()).toMatchObject({ purged: { buyer_data: 0, idempotency_keys: 0, evidence: 0 } });
    expect(await lastRun(testDatabase.as('oncepay_operate'), JOB)).toMatchObject({
      report: expect.stringContaining('buyer_data'),
    });
  });

  test('stops when its time is up, and goes on in its next run', async () => {
    await executed();
    await moveClock(database, 61 * A_DAY);
    expect(await run(DAYS, () => false)).toMatchObject({ isUnfinished: true });
    expect(await run()).toMatchObject({ isUnfinished: false });
  });

  test('passes over a payment that another run has taken, and never waits for it', async () => {
    const [taken, free] = [await executed(), await executed()];
    await moveClock(database, 61 * A_DAY);
    const other = new pg.Client(testDatabase.url);
    await other.connect();
    await other.query('begin');
    await other.query('select from payment where payment_id = $1 for update', [taken.paymentId]);
    await run();
    expect(await kept(taken)).toMatchObject({ buyer: 'buyer_1' });
    expect(await kept(free)).toMatchObject({ buyer: PSEUDONYM });

    await other.query('rollback');
    await other.end();
    await run();
    expect(await kept(taken)).toMatchObject({ buyer: PSEUDONYM });
  });

  test('that runs twice at once removes everything once', async () => {
    for (let made = 0; made < 20; made += 1) await executed();
    await moveClock(database, 91 * A_DAY);
    const due = await countDue(testDatabase.as('oncepay_operate'), 'buyer_data', 60, 1_000);
    const reports = await Promise.all([run(), run()]);
    const purged = reports.map((report) => (report.kind === 'purged' ? report.purged.buyer_data : 0));
    expect((purged[0] ?? 0) + (purged[1] ?? 0)).toBe(due);
    expect(await run()).toMatchObject({ purged: { buyer_data: 0, evidence: 0 } });
  });

  test('does not wake a database that may sleep', async () => {
    const asleep: Database = { execute: () => Promise.reject(new Error('woken')) };
    const effects = {
      database: asleep,
      activity: { isIdle: async () => true },
      days: DAYS,
      hasTime: () => true,
    };
    expect(await purgeExpired(effects)).toEqual({ kind: 'idle' });
  });
});

describe('deleting is refused', () => {
  test.each([
    ['oncepay_purge', 'delete from evidence', 'young evidence to the purge itself'],
    ['oncepay_purge', 'delete from operation_log', 'a young record to the purge itself'],
    ['oncepay_purge', 'delete from idempotency_key', 'young keys to the purge itself'],
    ['oncepay_purge', 'delete from dead_letter', 'young letters to the purge itself'],
    ['oncepay_purge', 'delete from ledger_entry', 'the ledger to the purge'],
    ['oncepay_purge', 'delete from movement', 'movements to the purge'],
    ['oncepay_purge', 'delete from payment', 'payments to the purge'],
    ['oncepay_purge', 'update payment set merchant_reference = payment_id', 'what the merchant calls it'],
    ['oncepay_execute', 'delete from evidence', 'evidence to the executor'],
    ['oncepay_operate', 'delete from operation_log', 'the record of what they did to operators'],
    ['oncepay_operate', 'select * from pseudonym_salt', 'the salt to operators'],
  ])('as %s: %s (%s)', async (login, sql) => {
    await executed();
    await pause(database, 'psp:refused', OPERATOR);
    await registerPoison(database, [{ body: 'refused', messageId: 'm3', reason: 'unparseable' }]);
    await expect(testDatabase.as(login).execute(sql, {})).rejects.toMatchObject({ sqlState: '42501' });
  });

  test('of a key for the thirty days that the API promises, and not a day longer', async () => {
    await storePayment(database);
    const remove = () => asPurge.execute('delete from idempotency_key', {});
    await moveClock(database, 30 * A_DAY - 60);
    await expect(remove()).rejects.toMatchObject({ sqlState: '42501' });
    await moveClock(database, 30 * A_DAY + 60);
    await expect(remove()).resolves.toEqual([]);
  });

  test.each([
    [
      'poison that no person has closed',
      async () => {
        await registerPoison(database, [{ body: 'open again', messageId: 'm4', reason: 'unparseable' }]);
        return 'is_poison';
      },
    ],
    [
      'of an order that has not ended',
      async () => {
        const { orders } = await storePayment(database);
        const deadLetters = orders.map((order) => ({
          key: chargeOf(order),
          messageId: 'm5',
        }));
        await registerMovedDeadLetters(database, deadLetters);
        return 'not is_poison';
      },
    ],
  ])('of a dead letter, however old: %s', async (_, bury) => {
    const which = await bury();
    await moveClock(database, 1_000 * A_DAY);
    await expect(asPurge.execute(`delete from dead_letter where ${which}`, {})).rejects.toMatchObject({
      sqlState: '42501',
    });
  });

  test('to the owner, whatever its age', async () => {
    await executed();
    await moveClock(database, 1_000 * A_DAY);
    for (const table of ['evidence', 'operation_log']) {
      await expect(
        database.execute(`do $$ begin set local role oncepay_owner; delete from ${table}; end $$`, {}),
      ).rejects.toMatchObject({ sqlState: '42501' });
    }
  });
});

describe('the purge’s login can’t take the buyer', () => {
  const erase = () => asPurge.execute("update payment set buyer_id = 'gone', metadata = '{}'", {});

  test('off a payment that is young', async () => {
    const payment = await executed();
    await erase();
    expect(await kept(payment)).toMatchObject({ buyer: 'buyer_1' });
    await moveClock(database, 31 * A_DAY);
    await erase();
    expect(await kept(payment)).toMatchObject({ buyer: 'gone' });
  });

  test('off one that has not ended, however old it is', async () => {
    const payment = await storePayment(database);
    await moveClock(database, 1_000 * A_DAY);
    await erase();
    expect(await kept(payment)).toMatchObject({ buyer: 'buyer_1' });
  });
});
