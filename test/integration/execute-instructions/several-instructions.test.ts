import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database, JsonInput } from '../../../adapters/database/database.ts';
import { readPayment } from '../../../adapters/database/statements/read-payments.ts';
import { RECORD_SQL } from '../../../adapters/database/statements/record-attempts-sql.ts';
import type { PspOutcome } from '../../../domain/payment/psp-outcome.ts';
import { ExecutorHarness, recordOf, ScriptedPsp, succeeded } from '../../support/executor.ts';
import { addParents, chargeOf, MERCHANT, moveClock, newOrder, storePayment } from '../../support/payments.ts';
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

const UNKNOWN: PspOutcome = { kind: 'unknown', reason: 'read time-out' };
const DECLINED: PspOutcome = {
  kind: 'declined',
  decline: { category: 'other', code: 'declined', pspCode: '05' },
  isFinal: true,
};

let psps = 0;

/** What a test does to the circuit of its PSP concerns no other test. */
function newPsp(): ScriptedPsp {
  psps += 1;
  return new ScriptedPsp(`psp_${psps}`);
}

/**
 * An order whose charge comes after authorizations, its parents: its instructions in their order, each with a message, and
 * an executor whose PSP answers as told, by instruction, and succeeds else.
 */
async function orderOf(instructions: number, psp = newPsp()) {
  const payment = await storePayment(database, newOrder({ pspAccount: psp.account }));
  const [order] = payment.orders;
  if (order === undefined) throw new Error('one order');
  const keys = [...(await addParents(database, order, instructions - 1)), chargeOf(order)];
  const answers = new Map<string, PspOutcome>();
  const harness = new ExecutorHarness(database, psp);
  psp.onCharge = async (request) => answers.get(request.idempotencyKey) ?? succeeded(request);
  const answer = (index: number, outcome: PspOutcome) => answers.set(idAt(index), outcome);
  const succeed = (index: number) => answers.delete(idAt(index));
  const idAt = (index: number) => keys[index]?.instructionId ?? '';
  const messages = keys.map((key) => recordOf(key));
  const sentKeys = () => harness.psp.charges.map(({ idempotencyKey }) => idempotencyKey);
  const status = async () =>
    (await readPayment(database, MERCHANT, payment.paymentId)).orders.map(({ status }) => status);
  return { harness, messages, answer, succeed, idAt, sentKeys, status };
}

async function rowOf(instructionId: string) {
  const [row] = await database.execute(
    `select state, parked, attempt_no, reason, round(extract(epoch from relay_due_at - clock()))::int as due
     from instruction where instruction_id = :input::jsonb ->> 'id'`,
    { id: instructionId },
  );
  return row;
}

function reservedOf(orderId: string) {
  return database.execute(
    `select capture_pending::text, refund_pending::text from payment_order where payment_order_id = :input::jsonb ->> 'id'`,
    { id: orderId },
  );
}

const NEVER_CLAIMED = { state: 'ready', attempt_no: 0 };

describe('the instructions of one order in one batch', () => {
  test('are executed one after the other: the second in a second round', async () => {
    const { harness, messages, idAt, sentKeys, status } = await orderOf(2);

    expect(await harness.execute(...messages)).toEqual([]);

    expect(sentKeys()).toEqual([idAt(0), idAt(1)]);
    expect(harness.consumedKeys.size).toBe(2);
    expect(await status()).toEqual(['SUCCESS']);
  });

  test('cost a claim and a record for each round, however many orders there are', async () => {
    const psp = newPsp();
    const orders = [await orderOf(2, psp), await orderOf(2, psp), await orderOf(2, psp)];
    let statements = 0;
    const counting: Database = {
      execute: (sql, input) => {
        statements += 1;
        return database.execute(sql, input);
      },
    };
    const harness = new ExecutorHarness(counting, psp);

    expect(await harness.execute(...orders.flatMap(({ messages }) => messages))).toEqual([]);

    expect(statements).toBe(4);
  });

  test('are never two in one record, which would apply either to the order', async () => {
    const { harness, messages, idAt, sentKeys } = await orderOf(3);
    await database.execute(
      `update instruction set parent_id = :input::jsonb ->> 'parent' where instruction_id = :input::jsonb ->> 'id'`,
      { id: idAt(2), parent: idAt(0) },
    );
    await harness.execute(...messages.slice(0, 1));
    const recorded: JsonInput[] = [];
    const recording = new ExecutorHarness(
      {
        execute: (sql, input) => {
          if (sql === RECORD_SQL) recorded.push(input);
          return database.execute(sql, input);
        },
      },
      harness.psp,
    );

    expect(await recording.execute(...messages.slice(1))).toEqual([]);

    expect(recorded).toMatchObject([
      { attempts: [{ instruction_id: idAt(1) }] },
      { attempts: [{ instruction_id: idAt(2) }] },
    ]);
    expect(sentKeys()).toEqual([idAt(0), idAt(1), idAt(2)]);
  });

  test('are two at the most: the third comes again in a second', async () => {
    const { harness, messages, idAt, sentKeys, status } = await orderOf(3);
    const third = messages[2];

    expect(await harness.execute(...messages)).toEqual([third?.messageId]);
    expect(harness.visibility).toEqual([{ receiptHandle: third?.receiptHandle, seconds: 1 }]);
    expect(await harness.execute(...messages.slice(2))).toEqual([]);

    expect(sentKeys()).toEqual([idAt(0), idAt(1), idAt(2)]);
    expect(await status()).toEqual(['SUCCESS']);
  });

  test('are redelivered together if the first is not terminal: the second is not claimed', async () => {
    const { harness, messages, answer, idAt, sentKeys } = await orderOf(2);
    answer(0, UNKNOWN);

    expect(await harness.execute(...messages)).toEqual(messages.map(({ messageId }) => messageId));

    expect(new Set(harness.visibility.map(({ seconds }) => seconds)).size).toBe(1);
    expect(sentKeys()).toEqual([idAt(0)]);
    expect(await rowOf(idAt(1))).toMatchObject(NEVER_CLAIMED);
  });

  test('may arrive out of order: an early one is parked and does not block the group', async () => {
    const { harness, messages, idAt, sentKeys, status } = await orderOf(2);

    expect(await harness.execute(...messages.toReversed())).toEqual([]);
    expect(sentKeys()).toEqual([idAt(0)]);
    expect(await rowOf(idAt(1))).toMatchObject({ ...NEVER_CLAIMED, parked: true });
    await moveClock(database, 61);
    expect(await harness.execute(...messages.slice(1))).toEqual([]);

    expect(sentKeys()).toEqual([idAt(0), idAt(1)]);
    expect(await status()).toEqual(['SUCCESS']);
  });
});

describe('an instruction with an open parent', () => {
  test('waits as long as another worker may hold the parent', async () => {
    const { harness, messages, answer, idAt, sentKeys } = await orderOf(2);
    const [first, second] = messages;
    if (first === undefined || second === undefined) throw new Error('two messages');
    const other = new ExecutorHarness(database, new ScriptedPsp(harness.psp.account));
    other.psp.onCharge = async () => {
      expect(await harness.execute(second)).toEqual([second.messageId]);
      return UNKNOWN;
    };
    answer(0, UNKNOWN);

    await other.execute(first);

    expect(harness.visibility[0]?.seconds).toBeGreaterThanOrEqual(37);
    expect(sentKeys()).toEqual([]);
    expect(await rowOf(idAt(1))).toMatchObject({ ...NEVER_CLAIMED, parked: false });
  });

  test('is parked until then behind a parked one, and its message is acknowledged', async () => {
    const { harness, messages, answer, idAt, sentKeys } = await orderOf(2);
    answer(0, { kind: 'rate_limited', retryAfterSeconds: 900, maybeSent: false });
    await harness.execute(...messages.slice(0, 1));

    expect(await harness.execute(...messages.slice(1))).toEqual([]);

    expect(await rowOf(idAt(1))).toMatchObject({
      ...NEVER_CLAIMED,
      parked: true,
      reason: 'its parent has not ended',
    });
    expect((await rowOf(idAt(1)))?.due).toBe((await rowOf(idAt(0)))?.due);
    expect(sentKeys()).toEqual([idAt(0)]);
    expect(harness.consumedKeys.size).toBe(0);
  });

  test('that is parked already has a second message of it acknowledged, so that none of its parent waits behind it', async () => {
    const { harness, messages, answer, idAt } = await orderOf(2);
    answer(0, { kind: 'rate_limited', retryAfterSeconds: 900, maybeSent: false });
    await harness.execute(...messages.slice(0, 1));
    await harness.execute(...messages.slice(1));
    const parked = await rowOf(idAt(1));

    expect(await harness.execute(...messages.slice(1))).toEqual([]);

    expect(harness.visibility).toEqual([]);
    expect(await rowOf(idAt(1))).toEqual(parked);
  });

  test('is parked for a minute behind a dead-lettered one, and tried again each minute', async () => {
    const { harness, messages, answer, idAt } = await orderOf(2);
    answer(0, { kind: 'misconfigured', reason: 'HTTP 401' });
    await harness.execute(...messages.slice(0, 1));
    expect(await rowOf(idAt(0))).toMatchObject({ state: 'dead_lettered' });

    for (const seconds of [0, 61]) {
      await moveClock(database, seconds);
      expect(await harness.execute(...messages.slice(1))).toEqual([]);
      expect(await rowOf(idAt(1))).toMatchObject({ ...NEVER_CLAIMED, parked: true });
      expect((await rowOf(idAt(1)))?.due).toBeGreaterThanOrEqual(59);
      expect((await rowOf(idAt(1)))?.due).toBeLessThanOrEqual(60);
    }
  });

  test('is executed when the parent is done', async () => {
    const { harness, messages, answer, succeed, status } = await orderOf(2);
    answer(0, { kind: 'rate_limited', retryAfterSeconds: 900, maybeSent: false });
    for (const message of messages) await harness.execute(message);
    succeed(0);
    await moveClock(database, 1_000);

    for (const message of messages) expect(await harness.execute(message)).toEqual([]);

    expect(await status()).toEqual(['SUCCESS']);
  });

  test('is cancelled and never sent when the parent was declined', async () => {
    const { harness, messages, answer, idAt, sentKeys, status } = await orderOf(2);
    answer(0, DECLINED);

    expect(await harness.execute(...messages)).toEqual([]);

    expect(sentKeys()).toEqual([idAt(0)]);
    expect(await rowOf(idAt(1))).toMatchObject({ state: 'cancelled', attempt_no: 0 });
    expect(harness.consumedKeys.size).toBe(2);
    expect(await status()).toEqual(['FAILED']);
  });

  test('releases what was reserved for it when the parent was declined', async () => {
    const psp = newPsp();
    psp.onCharge = async () => DECLINED;
    const [order] = (await storePayment(database, newOrder({ pspAccount: psp.account }))).orders;
    if (order === undefined) throw new Error('one order');
    const keys = [
      ...(await addParents(database, order, 1, true)),
      { ...chargeOf(order), operation: 'capture' } as const,
    ];
    expect(await reservedOf(order.paymentOrderId)).toEqual([
      { capture_pending: '15000', refund_pending: '0' },
    ]);

    expect(await new ExecutorHarness(database, psp).execute(...keys.map((key) => recordOf(key)))).toEqual([]);

    expect(await rowOf(order.instructionId)).toMatchObject({ state: 'cancelled', attempt_no: 0 });
    expect(await reservedOf(order.paymentOrderId)).toEqual([{ capture_pending: '0', refund_pending: '0' }]);
  });
});

describe('a group of the queue', () => {
  test('fails from its first failure on, whatever becomes of the messages behind it', async () => {
    const { harness, messages, answer } = await orderOf(1);
    const [message] = messages;
    if (message === undefined) throw new Error('one message');
    answer(0, UNKNOWN);
    const key = { instructionId: 'ins_x', paymentOrderId: message.attributes.MessageGroupId ?? '' };
    const [before, behind] = [recordOf(key, 'not json, before'), recordOf(key, 'not json, behind')];
    const { messages: others } = await orderOf(1);

    const failed = await harness.execute(before, message, behind, ...others);

    expect(failed).toEqual([message.messageId, behind.messageId]);
    expect(new Set(harness.visibility.map(({ seconds }) => seconds)).size).toBe(1);
    expect(harness.visibility.map(({ receiptHandle }) => receiptHandle)).toEqual([
      message.receiptHandle,
      behind.receiptHandle,
    ]);
  });
});
