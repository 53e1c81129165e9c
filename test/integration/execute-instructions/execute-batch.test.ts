import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { readTrialBalance, readWallet } from '../../../adapters/database/statements/read-ledger.ts';
import { readPayment } from '../../../adapters/database/statements/read-payments.ts';
import { instructionMessageBody } from '../../../domain/payment/instruction.ts';
import { DEDUPLICATING, ExecutorHarness, recordOf, ScriptedPsp, succeeded } from '../../support/executor.ts';
import { MERCHANT, moveClock, newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
});
afterAll(() => testDatabase.drop());
beforeEach(async () => {
  await moveClock(database, 0);
  // One test's rate limit is not the next one's.
  await database.execute('delete from psp_limiter', {});
});

async function orderNow(paymentId: string) {
  const { orders, attempts, payments } = await readPayment(database, MERCHANT, paymentId);
  return { payment: payments[0], order: orders[0], attempts, orders };
}

/** After an unknown outcome the simulator's charge has landed and is visible: Z + W and a little. */
const AFTER_UNKNOWN_SECONDS = 4;
/** After a crash: the lease, Z + W and a little. */
const AFTER_LEASE_SECONDS = 40;

describe('a batch of good instructions', () => {
  test('charges each once, books them, consumes and acknowledges', async () => {
    const harness = new ExecutorHarness(database);
    const seller = 'seller_batch';
    const payments = await Promise.all(
      Array.from({ length: 10 }, () =>
        storePayment(database, newOrder({ sellerId: seller, amountMinor: 100n })),
      ),
    );
    const orders = payments.flatMap((payment) => payment.orders);

    expect(await harness.execute(...orders.map((order) => recordOf(order)))).toEqual([]);

    expect(harness.psp.charges).toHaveLength(10);
    expect(harness.consumedKeys.size).toBe(10);
    for (const payment of payments) {
      const { order, payment: stored } = await orderNow(payment.paymentId);
      expect(order).toMatchObject({ status: 'SUCCESS', status_detail: null });
      expect(stored?.status).toBe('SUCCESS');
    }
    const [wallet] = await readWallet(database, MERCHANT, seller);
    expect(wallet).toMatchObject({ posted_credits: 1_000n, posted_debits: 0n });
    for (const { debits, credits } of await readTrialBalance(database, MERCHANT))
      expect(debits).toBe(credits);
  });

  test('takes one claim and one record for ten messages', async () => {
    let statements = 0;
    const counting: Database = {
      execute: (sql, input) => {
        statements += 1;
        return database.execute(sql, input);
      },
    };
    const harness = new ExecutorHarness(counting);
    const payment = await storePayment(database, ...Array.from({ length: 10 }, () => newOrder()));

    await harness.execute(...payment.orders.map((order) => recordOf(order)));

    expect(statements).toBe(2);
    expect((await orderNow(payment.paymentId)).payment?.status).toBe('SUCCESS');
  });

  test('collapses repeats of one instruction into one charge and acknowledges all', async () => {
    const harness = new ExecutorHarness(database);
    const { orders } = await storePayment(database);
    const [order] = orders;
    if (order === undefined) throw new Error('a payment has an order');

    expect(await harness.execute(recordOf(order), recordOf(order), recordOf(order))).toEqual([]);

    expect(harness.psp.charges).toHaveLength(1);
  });
});

describe('a redelivered message', () => {
  test('is acknowledged without a statement when the instruction is recorded as consumed', async () => {
    const harness = new ExecutorHarness(database);
    const { orders } = await storePayment(database);
    const records = orders.map((order) => recordOf(order));
    await harness.execute(...records);
    let statements = 0;
    const second = new ExecutorHarness({
      execute: (sql, input) => {
        statements += 1;
        return database.execute(sql, input);
      },
    });
    for (const key of harness.consumedKeys) second.consumedKeys.add(key);

    expect(await second.execute(...records)).toEqual([]);

    expect(statements).toBe(0);
    expect(second.psp.charges).toEqual([]);
  });

  test('is consumed and acknowledged according to the database if the consumed record was lost', async () => {
    const harness = new ExecutorHarness(database);
    const { orders } = await storePayment(database);
    const records = orders.map((order) => recordOf(order));
    await harness.execute(...records);
    const second = new ExecutorHarness(database);

    expect(await second.execute(...records)).toEqual([]);

    expect(second.psp.charges).toEqual([]);
    expect(second.consumedKeys).toEqual(harness.consumedKeys);
  });

  test('is made invisible until the lease ends while another worker holds it', async () => {
    const { orders } = await storePayment(database);
    const first = new ExecutorHarness(database);
    const second = new ExecutorHarness(database);
    const records = orders.map((order) => recordOf(order));
    let secondFailed: readonly string[] = [];
    first.psp.onCharge = async (request) => {
      secondFailed = await second.execute(...records);
      return succeeded(request);
    };

    expect(await first.execute(...records)).toEqual([]);

    expect(secondFailed).toEqual(records.map((record) => record.messageId));
    expect(second.visibility[0]?.seconds).toBeGreaterThanOrEqual(37);
    expect(second.psp.charges).toEqual([]);
  });

  test('is redelivered if the consumed record can’t be written', async () => {
    const { orders } = await storePayment(database);
    const harness = new ExecutorHarness(database, new ScriptedPsp(), {
      consumed: { find: async () => new Set(), record: async (keys) => new Set(keys) },
    });
    const records = orders.map((order) => recordOf(order));

    expect(await harness.execute(...records)).toEqual(records.map((record) => record.messageId));
  });
});

describe('an unknown outcome', () => {
  test('is looked up before anything is sent again, and booked once if the charge is found', async () => {
    const payment = await storePayment(database);
    const records = payment.orders.map((order) => recordOf(order));
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async () => ({ kind: 'unknown', reason: 'read time-out' });
    harness.psp.onLookUp = async (request) => ({ kind: 'found', outcome: succeeded(request) });

    expect(await harness.execute(...records)).toHaveLength(1);
    expect((await orderNow(payment.paymentId)).order).toMatchObject({
      status: 'EXECUTING',
      status_detail: 'outcome_unknown',
    });
    await moveClock(database, AFTER_UNKNOWN_SECONDS);
    expect(await harness.execute(...records)).toEqual([]);

    expect(harness.psp.charges).toHaveLength(1);
    expect(harness.psp.lookUps).toHaveLength(1);
    expect((await orderNow(payment.paymentId)).order?.status).toBe('SUCCESS');
  });

  test('is sent again under the same key if the PSP has no charge', async () => {
    const payment = await storePayment(database);
    const records = payment.orders.map((order) => recordOf(order));
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async () => ({ kind: 'unknown', reason: '500' });
    await harness.execute(...records);
    harness.psp.onCharge = async (request) => succeeded(request);
    await moveClock(database, AFTER_UNKNOWN_SECONDS);

    expect(await harness.execute(...records)).toEqual([]);

    const keys = new Set(harness.psp.charges.map((charge) => charge.idempotencyKey));
    expect(harness.psp.charges).toHaveLength(2);
    expect(keys.size).toBe(1);
    expect((await orderNow(payment.paymentId)).order?.status).toBe('SUCCESS');
  });

  test('is never sent a second time to a PSP that doesn’t deduplicate', async () => {
    const psp = new ScriptedPsp('simulator', { ...DEDUPLICATING, keyLifetimeSeconds: null });
    const payment = await storePayment(database);
    const records = payment.orders.map((order) => recordOf(order));
    const harness = new ExecutorHarness(database, psp);
    psp.onCharge = async () => ({ kind: 'unknown', reason: 'reset' });
    await harness.execute(...records);

    for (const hours of [1, 2, 30]) {
      await moveClock(database, hours * 3600);
      await harness.execute(...records);
    }

    expect(psp.charges).toHaveLength(1);
    expect((await orderNow(payment.paymentId)).order).toMatchObject({
      status: 'EXECUTING',
      status_detail: 'outcome_unknown',
    });
  });

  test('is not sent again once the PSP may have forgotten the key', async () => {
    const payment = await storePayment(database);
    const records = payment.orders.map((order) => recordOf(order));
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async () => ({ kind: 'unknown', reason: 'reset' });
    await harness.execute(...records);
    await moveClock(database, 24 * 3600 - 20);

    await harness.execute(...records);

    expect(harness.psp.charges).toHaveLength(1);
  });
});

describe('a look-up with two charges', () => {
  test('books neither, keeps both in evidence and leaves the order in manual review', async () => {
    const payment = await storePayment(database, newOrder({ sellerId: 'seller_twice' }));
    const records = payment.orders.map((order) => recordOf(order));
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async () => ({ kind: 'unknown', reason: 'read time-out' });
    harness.psp.onLookUp = async (request) => {
      const { kind, charge } = succeeded(request);
      return {
        kind: 'found',
        outcome: { kind, charge, furtherCharges: [{ ...charge, pspReference: 'ch_again' }] },
      };
    };
    await harness.execute(...records);
    await moveClock(database, AFTER_UNKNOWN_SECONDS);

    expect(await harness.execute(...records)).toEqual([]);

    const { order, attempts } = await orderNow(payment.paymentId);
    expect(order).toMatchObject({ status: 'EXECUTING', status_detail: 'manual_review' });
    expect(attempts.at(-1)).toMatchObject({
      action: 'look_up',
      outcome: 'succeeded',
      detail: { further_charges: [{ psp_reference: 'ch_again' }] },
    });
    expect(await readWallet(database, MERCHANT, 'seller_twice')).toEqual([]);
  });
});

describe('a worker that crashes after the claim', () => {
  test('leaves an instruction that the next worker looks up before sending', async () => {
    const payment = await storePayment(database);
    const records = payment.orders.map((order) => recordOf(order));
    const dying = new ExecutorHarness({
      execute: (sql, input) => {
        if (sql.includes('insert into evidence')) throw new Error('the worker is dead');
        return database.execute(sql, input);
      },
    });
    await dying.execute(...records);
    const next = new ExecutorHarness(database);
    next.psp.onLookUp = async (request) => ({ kind: 'found', outcome: succeeded(request) });
    await moveClock(database, AFTER_LEASE_SECONDS);

    expect(await next.execute(...records)).toEqual([]);

    expect(dying.psp.charges).toHaveLength(1);
    expect(next.psp.charges).toEqual([]);
    expect((await orderNow(payment.paymentId)).order?.status).toBe('SUCCESS');
  });

  test('changes nothing if it resumes after another has taken over, but its evidence is kept', async () => {
    const payment = await storePayment(database);
    const records = payment.orders.map((order) => recordOf(order));
    const stale = new ExecutorHarness(database);
    const next = new ExecutorHarness(database);
    stale.psp.onCharge = async (request) => {
      await moveClock(database, AFTER_LEASE_SECONDS);
      next.psp.onLookUp = async () => ({ kind: 'found', outcome: succeeded(request) });
      await next.execute(...records);
      return {
        kind: 'declined',
        decline: { category: 'other', code: 'late', pspCode: 'late' },
        isFinal: true,
      };
    };

    await stale.execute(...records);

    const { order, attempts } = await orderNow(payment.paymentId);
    expect(order?.status).toBe('SUCCESS');
    expect(attempts.map((attempt) => attempt.outcome)).toEqual(
      expect.arrayContaining(['declined', 'succeeded']),
    );
  });
});

describe('a proof that nothing was charged', () => {
  test('is retried without a look-up', async () => {
    const payment = await storePayment(database);
    const records = payment.orders.map((order) => recordOf(order));
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async () => ({ kind: 'not_sent', reason: 'connect refused' });
    expect(await harness.execute(...records)).toHaveLength(1);
    expect((await orderNow(payment.paymentId)).order?.status_detail).toBe('psp_requested');
    harness.psp.onCharge = async (request) => succeeded(request);
    await moveClock(database, 10);

    expect(await harness.execute(...records)).toEqual([]);

    expect(harness.psp.lookUps).toEqual([]);
  });

  test('fails the order at once when the PSP declines', async () => {
    const payment = await storePayment(database);
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async () => ({
      kind: 'declined',
      decline: { category: 'insufficient_funds', code: 'insufficient_funds', pspCode: '51' },
      isFinal: true,
    });

    expect(await harness.execute(...payment.orders.map((order) => recordOf(order)))).toEqual([]);

    const { order, payment: stored } = await orderNow(payment.paymentId);
    expect(order).toMatchObject({ status: 'FAILED', failure: { code: 'insufficient_funds' } });
    expect(stored?.status).toBe('FAILED');
    expect(harness.consumedKeys.size).toBe(1);
  });

  test('parks a wait of more than two minutes and acknowledges its message', async () => {
    const payment = await storePayment(database);
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async () => ({ kind: 'rate_limited', retryAfterSeconds: 900, maybeSent: false });

    expect(await harness.execute(...payment.orders.map((order) => recordOf(order)))).toEqual([]);

    const [row] = await database.execute(
      `select parked, extract(epoch from relay_due_at - clock())::int as due from instruction
       where payment_order_id = :input::jsonb ->> 'id'`,
      { id: payment.orders[0]?.paymentOrderId },
    );
    expect(row?.parked).toBe(true);
    expect(row?.due).toBeGreaterThan(890);
    expect(harness.consumedKeys.size).toBe(0);
  });
});

describe('an invalid answer', () => {
  test('that can’t even be stored goes to manual review, and the request is kept', async () => {
    const payment = await storePayment(database);
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async (request) => {
      const { charge } = succeeded(request);
      return { kind: 'succeeded', charge: { ...charge, pspReference: 'ch_\0' } };
    };

    expect(await harness.execute(...payment.orders.map((order) => recordOf(order)))).toEqual([]);

    const { order, attempts } = await orderNow(payment.paymentId);
    expect(order?.status_detail).toBe('manual_review');
    expect(attempts).toMatchObject([{ action: 'send', outcome: 'succeeded', detail: {} }]);
  });

  test('of another amount is never booked and goes to manual review', async () => {
    const payment = await storePayment(database, newOrder({ sellerId: 'seller_wrong' }));
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async (request) => {
      const { charge } = succeeded(request);
      return { kind: 'succeeded', charge: { ...charge, amountMinor: charge.amountMinor + 1n } };
    };

    expect(await harness.execute(...payment.orders.map((order) => recordOf(order)))).toEqual([]);

    expect((await orderNow(payment.paymentId)).order).toMatchObject({
      status: 'EXECUTING',
      status_detail: 'manual_review',
    });
    expect(await readWallet(database, MERCHANT, 'seller_wrong')).toEqual([]);
    expect(harness.consumedKeys.size).toBe(0);
  });
});

describe('poison', () => {
  test('goes to the dead-letter queue with its reason and does not affect the others', async () => {
    const payment = await storePayment(database);
    const good = payment.orders.map((order) => recordOf(order));
    const missing = newOrder();
    const harness = new ExecutorHarness(database);
    const poison = [
      recordOf({ ...missing, paymentOrderId: 'group-a' }, 'not json'),
      recordOf({ ...missing, paymentOrderId: 'group-b' }, '{"version":99}'),
      recordOf({ ...missing, paymentOrderId: 'group-c' }, '{"version":1,"instruction_id":7}'),
      recordOf(missing),
    ];

    expect(await harness.execute(...poison, ...good)).toEqual([]);

    expect(harness.deadLetters.map((deadLetter) => deadLetter.reason)).toEqual([
      expect.stringContaining('unparseable'),
      expect.stringContaining('unknown version 99'),
      expect.stringContaining('instruction_id'),
      expect.stringContaining(`no such instruction ${missing.instructionId}`),
    ]);
    expect((await orderNow(payment.paymentId)).order?.status).toBe('SUCCESS');
  });

  test('is a message that names an instruction but a wrong order or operation', async () => {
    const { orders, paymentId } = await storePayment(database);
    const [order] = orders;
    if (order === undefined) throw new Error('one order');
    const { instructionId, paymentOrderId } = order;
    const other = newOrder().paymentOrderId;
    const bodyOf = (groupId: string, operation: 'charge' | 'refund') =>
      instructionMessageBody({ instructionId, groupId, operation });
    const harness = new ExecutorHarness(database);
    const strangers = [
      recordOf({ instructionId, paymentOrderId: other }),
      recordOf(order, bodyOf(paymentOrderId, 'refund')),
    ];

    expect(await harness.execute(...strangers)).toEqual([]);
    expect(harness.psp.charges).toEqual([]);
    expect(await harness.execute(...strangers, recordOf(order))).toEqual([]);

    const reasons = [`a charge of ${other}`, `a refund of ${paymentOrderId}`].map(
      (asked) => `instruction ${instructionId} is a charge of ${paymentOrderId}, not ${asked}`,
    );
    expect(harness.deadLetters.map(({ reason }) => reason)).toEqual([...reasons, ...reasons]);
    expect(harness.psp.charges).toHaveLength(1);
    expect([...harness.consumedKeys]).toEqual([`1#${paymentOrderId}#charge#${instructionId}`]);
    expect((await orderNow(paymentId)).order?.status).toBe('SUCCESS');
  });

  test('does not have an instruction that it names claimed twice in one batch', async () => {
    const { orders, paymentId } = await storePayment(database);
    const [order] = orders;
    if (order === undefined) throw new Error('one order');
    const stranger = recordOf({ ...order, paymentOrderId: newOrder().paymentOrderId });
    const harness = new ExecutorHarness(database);

    expect(await harness.execute(stranger, recordOf(order))).toEqual([]);
    expect(harness.psp.charges).toHaveLength(1);
    expect((await orderNow(paymentId)).attempts).toHaveLength(1);
  });

  test('stays in the queue while the dead-letter queue refuses it', async () => {
    const harness = new ExecutorHarness(database, new ScriptedPsp(), {
      deadLetters: { send: async (deadLetters) => new Set(deadLetters.keys()) },
    });
    const record = recordOf(newOrder(), 'not json, refused');

    expect(await harness.execute(record)).toEqual([record.messageId]);
  });
});

/** Books the same movement by hand: its unique index will refuse the executor's. */
async function bookBefore(instructionId: string): Promise<void> {
  await database.execute(
    `insert into movement (movement_id, merchant_id, psp_account, kind, amount_minor, currency, occurred_at, instruction_id, origin)
     select 'mov_' || id, 'mer_other', 'simulator', 'charge', 1, 'KRW', clock(), id, 'own'
     from jsonb_to_record(:input::jsonb) as r(id text)`,
    { id: instructionId },
  );
}

describe('one row that the database refuses', () => {
  test('goes to manual review, and the other nine are recorded', async () => {
    const payment = await storePayment(database, ...Array.from({ length: 3 }, () => newOrder()));
    const [first, bad, last] = payment.orders;
    if (first === undefined || bad === undefined || last === undefined) throw new Error('three orders');
    await bookBefore(bad.instructionId);
    const harness = new ExecutorHarness(database);

    expect(await harness.execute(...payment.orders.map((order) => recordOf(order)))).toEqual([]);

    const { orders } = await orderNow(payment.paymentId);
    expect(orders.map((order) => [order.status, order.status_detail])).toEqual([
      ['SUCCESS', null],
      ['EXECUTING', 'manual_review'],
      ['SUCCESS', null],
    ]);
  });
});

describe('one row that can’t be read', () => {
  test.each([
    ['request', '{}', 'request.payment_method: '],
    ['splits', '[{"seller_id": "seller_1"}]', 'splits.0.amount_minor: '],
  ])(
    'with a malformed %s goes to manual review unsent, and the other nine are charged',
    async (column, json, why) => {
      const harness = new ExecutorHarness(database);
      const payments = await Promise.all(Array.from({ length: 10 }, () => storePayment(database)));
      const [malformed, ...others] = payments.flatMap(({ orders }) => orders);
      if (malformed === undefined) throw new Error('ten orders');
      await database.execute(
        `update instruction set ${column} = (:input::jsonb ->> 'json')::jsonb where instruction_id = :input::jsonb ->> 'id'`,
        { json, id: malformed.instructionId },
      );

      expect(await harness.execute(...[malformed, ...others].map((order) => recordOf(order)))).toEqual([]);

      expect(harness.psp.charges.map(({ reference }) => reference).toSorted()).toEqual(
        others.map(({ paymentOrderId }) => paymentOrderId).toSorted(),
      );
      const [first, ...rest] = await Promise.all(payments.map(({ paymentId }) => orderNow(paymentId)));
      expect(first?.order).toMatchObject({ status: 'EXECUTING', status_detail: 'manual_review' });
      expect(first?.attempts).toMatchObject([{ action: 'skip', outcome: 'not_sent' }]);
      for (const { order } of rest) expect(order?.status).toBe('SUCCESS');
      const [row] = await database.execute(
        `select state, reason, attempts_not_sent from instruction where instruction_id = :input::jsonb ->> 'id'`,
        { id: malformed.instructionId },
      );
      expect(row).toEqual({
        state: 'quarantined',
        reason: expect.stringContaining(`can't be read: ${why}`),
        attempts_not_sent: 1,
      });
      expect(await database.execute('select psp from psp_circuit where open_until is not null', {})).toEqual(
        [],
      );
    },
  );
});

describe('running out of time', () => {
  test('starts no PSP call that could not end and be recorded, and records that nothing was sent', async () => {
    const payment = await storePayment(database);
    const records = payment.orders.map((order) => recordOf(order));
    const harness = new ExecutorHarness(database);
    harness.remainingMilliseconds = 14_000;

    expect(await harness.execute(...records)).toHaveLength(1);
    expect(harness.psp.charges).toEqual([]);
    harness.remainingMilliseconds = 30_000;
    await moveClock(database, 10);
    expect(await harness.execute(...records)).toEqual([]);

    expect(harness.psp.lookUps).toEqual([]);
    expect((await orderNow(payment.paymentId)).order?.status).toBe('SUCCESS');
  });

  test('records the fast ones while a slow PSP call is still running', async () => {
    const payment = await storePayment(database, newOrder(), newOrder({ amountMinor: 2n }));
    const harness = new ExecutorHarness(database);
    let fastWhileSlow: string | undefined;
    harness.psp.onCharge = async (request) => {
      if (request.amountMinor === 2n) {
        while (fastWhileSlow !== 'SUCCESS') {
          fastWhileSlow = (await orderNow(payment.paymentId)).orders[0]?.status;
        }
      }
      return succeeded(request);
    };

    expect(await harness.execute(...payment.orders.map((order) => recordOf(order)))).toEqual([]);

    expect(fastWhileSlow).toBe('SUCCESS');
    expect((await orderNow(payment.paymentId)).payment?.status).toBe('SUCCESS');
  });
});
