import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import type { NewOrder } from '../../../adapters/database/statements/accept-payment.ts';
import { INVARIANTS } from '../../../adapters/database/statements/invariants.ts';
import { listOperations } from '../../../adapters/database/statements/operation-log.ts';
import { releaseInstruction } from '../../../adapters/database/statements/quarantine.ts';
import { RECORD_SQL } from '../../../adapters/database/statements/record-attempts-sql.ts';
import { checkInvariant } from '../../../adapters/database/statements/verify.ts';
import { TIMING } from '../../../domain/payment/timing.ts';
import { closeQuarantinedInstruction, type Evidence } from '../../../operations/close-quarantined.ts';
import { OperationError } from '../../../operations/operation-error.ts';
import { ExecutorHarness, recordOf, succeeded } from '../../support/executor.ts';
import { moveClock, newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

const ANN = { actor: 'ann', reason: 'seen in the portal', origin: 'here' };
const BEN = { actor: 'ben', reason: 'not in the portal', origin: 'there' };
const CHARGED: Evidence = { kind: 'charged', pspReference: 'ch_seen' };
const NOT_CHARGED: Evidence = { kind: 'not_charged' };

let testDatabase: TestDatabase;
let operate: Database;
let execute: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  operate = testDatabase.as('oncepay_operate');
  execute = testDatabase.as('oncepay_execute');
});
afterAll(() => testDatabase.drop());

/** An order whose PSP answered with another amount: a person decides. */
async function inReview(database = execute): Promise<NewOrder> {
  const order = newOrder();
  await storePayment(testDatabase.as('oncepay_accept'), order);
  await attempt(order, database);
  return order;
}

async function attempt(order: NewOrder, database = execute): Promise<void> {
  const executor = new ExecutorHarness(database);
  const wrong = async (request: Parameters<typeof succeeded>[0]) =>
    succeeded({ ...request, amountMinor: request.amountMinor - 1n });
  executor.psp.onCharge = wrong;
  executor.psp.onLookUp = async (request) => ({ kind: 'found', outcome: await wrong(request) });
  await executor.execute(recordOf(order));
}

/** @returns undefined where it is refused, since it is not in quarantine (any more) */
const close = (order: NewOrder, evidence: Evidence, operator = ANN, database = operate) =>
  closeQuarantinedInstruction(database, order.instructionId, evidence, operator).catch((error: unknown) => {
    if (error instanceof OperationError && error.code === 'conflict') return undefined;
    throw error;
  });

/** All that closing changes. */
async function standingOf({ paymentOrderId, instructionId }: NewOrder) {
  const [row] = await operate.execute(
    `select i.state, i.attempt_no, o.status, o.status_detail, o.psp_reference,
       (select count(*)::int from movement m join ledger_transaction t on t.source_id = m.movement_id
        where m.instruction_id = i.instruction_id and m.origin = 'own') as booked,
       (select coalesce(string_agg(e.outcome, ' '), '') from evidence e
        where e.instruction_id = i.instruction_id and e.action = 'close') as words
     from instruction i join payment_order o using (payment_order_id)
     where i.instruction_id = :input::jsonb ->> 'instructionId' and o.payment_order_id = :input::jsonb ->> 'paymentOrderId'`,
    { instructionId, paymentOrderId },
  );
  const log = await listOperations(operate, { subject: instructionId, action: 'closed', limit: 10 });
  return { ...row, closedBy: log.map(({ actor }) => actor) };
}

async function brokenInvariants() {
  const found = await Promise.all(INVARIANTS.map((invariant) => checkInvariant(operate, invariant)));
  return found.filter((violation) => violation !== undefined);
}

const REVIEWED = {
  state: 'quarantined',
  attempt_no: 1,
  status: 'EXECUTING',
  status_detail: 'manual_review',
  booked: 0,
  words: '',
  closedBy: [],
};
const PAID = {
  state: 'succeeded',
  attempt_no: 2,
  status: 'SUCCESS',
  status_detail: null,
  psp_reference: 'ch_seen',
  booked: 1,
  words: 'charged',
  closedBy: ['ann'],
};

describe('what is in quarantine', () => {
  test('is closed as charged: SUCCESS, booked, with who and why, all in one', async () => {
    const order = await inReview();
    expect(await standingOf(order)).toMatchObject(REVIEWED);
    expect(await close(order, CHARGED)).toMatchObject({ orderStatus: 'SUCCESS' });
    expect(await standingOf(order)).toEqual(PAID);
    expect(await brokenInvariants()).toEqual([]);
  });

  test('is closed as not charged: FAILED, nothing booked', async () => {
    const order = await inReview();
    expect(await close(order, NOT_CHARGED, BEN)).toMatchObject({ orderStatus: 'FAILED' });
    expect(await standingOf(order)).toMatchObject({
      state: 'cancelled',
      status: 'FAILED',
      booked: 0,
      words: 'not_charged',
      closedBy: ['ben'],
    });
    expect(await brokenInvariants()).toEqual([]);
  });

  test('is closed once: a second word changes nothing', async () => {
    const order = await inReview();
    await close(order, CHARGED);
    expect(await close(order, NOT_CHARGED, BEN)).toBeUndefined();
    expect(await standingOf(order)).toEqual(PAID);
  });

  test('is left as it is where it is executed, was never there, or has ended', async () => {
    const order = newOrder();
    await storePayment(testDatabase.as('oncepay_accept'), order);
    expect(await close(order, CHARGED)).toBeUndefined();
    expect(await close(newOrder(), CHARGED)).toBeUndefined();
    await new ExecutorHarness(execute).execute(recordOf(order));
    expect(await close(order, NOT_CHARGED)).toBeUndefined();
    expect(await standingOf(order)).toMatchObject({ state: 'succeeded', closedBy: [] });
  });
});

/** A connection that breaks at its nth statement, before the database has run it or before its answer came. */
function breaking(at: number, when: 'unsent' | 'unanswered'): Database {
  let statements = 0;
  return {
    execute: async (sql, input) => {
      statements += 1;
      if (statements === at && when === 'unsent') throw new Error('killed');
      const rows = await operate.execute(sql, input);
      if (statements === at) throw new Error('killed');
      return rows;
    },
  };
}

describe('an operator’s command that is killed', () => {
  test('writes by one statement only', async () => {
    const order = await inReview();
    const statements: string[] = [];
    const watched: Database = {
      execute: (sql, input) => {
        statements.push(sql);
        return operate.execute(sql, input);
      },
    };
    await close(order, CHARGED, ANN, watched);
    expect(statements).toHaveLength(2);
    expect(statements[0]).not.toMatch(/\b(insert|update|delete)\b/i);
    expect(statements[1]).toBe(RECORD_SQL);
  });

  test.each([
    [1, 'unsent', REVIEWED],
    [1, 'unanswered', REVIEWED],
    [2, 'unsent', REVIEWED],
    [2, 'unanswered', PAID],
  ] as const)(
    'at statement %i, %s, leaves nothing half done, and can be repeated',
    async (at, when, then) => {
      const order = await inReview();
      await expect(close(order, CHARGED, ANN, breaking(at, when))).rejects.toThrow('killed');
      expect(await standingOf(order)).toMatchObject(then);
      expect(await brokenInvariants()).toEqual([]);
      const again = await close(order, CHARGED);
      expect(again?.orderStatus).toBe(then === PAID ? undefined : 'SUCCESS');
      expect(await standingOf(order)).toEqual(PAID);
    },
  );

  test('may have its statement run twice: it is booked once, logged once, and reported as done', async () => {
    const order = await inReview();
    const twice: Database = {
      execute: async (sql, input) => {
        await operate.execute(sql, input);
        return operate.execute(sql, input);
      },
    };
    expect(await close(order, CHARGED, ANN, twice)).toMatchObject({ orderStatus: 'SUCCESS' });
    expect(await standingOf(order)).toEqual(PAID);
    expect(await brokenInvariants()).toEqual([]);
  });
});

/** Does something else once the operator has looked, before his word is written. */
function meanwhile(work: () => Promise<unknown>): Database {
  return {
    execute: async (sql, input) => {
      if (sql === RECORD_SQL) await work();
      return operate.execute(sql, input);
    },
  };
}

describe('a close that comes too late', () => {
  test('does nothing and is no evidence where another operator has closed it', async () => {
    const order = await inReview();
    const overtaken = meanwhile(() => close(order, CHARGED));
    expect(await close(order, NOT_CHARGED, BEN, overtaken)).toBeUndefined();
    expect(await standingOf(order)).toEqual(PAID);
  });

  test('of two that come at once does nothing: one of them stands', async () => {
    const order = await inReview();
    const words = await Promise.all([close(order, CHARGED), close(order, NOT_CHARGED, BEN)]);
    const [word] = words.filter((each) => each !== undefined);
    expect(words.filter((each) => each !== undefined)).toHaveLength(1);
    const { status, closedBy } = (await standingOf(order)) as { status?: unknown; closedBy: unknown };
    expect({ status, closedBy }).toEqual({
      status: word?.orderStatus,
      closedBy: [word?.orderStatus === 'SUCCESS' ? 'ann' : 'ben'],
    });
  });

  test('does nothing where it was released, whether it is on its way or has come back', async () => {
    const order = await inReview();
    const released = meanwhile(() => releaseInstruction(operate, order.instructionId, BEN));
    expect(await close(order, CHARGED, ANN, released)).toBeUndefined();
    expect(await standingOf(order)).toMatchObject({ state: 'ready', words: '', closedBy: [] });
    await moveClock(testDatabase.database, 600);
    await attempt(order);
    const back = meanwhile(async () => {
      await releaseInstruction(operate, order.instructionId, BEN);
      await moveClock(testDatabase.database, 1_200);
      await attempt(order);
    });
    // What he saw was another answer of the PSP than the one that waits now.
    expect(await close(order, CHARGED, ANN, back)).toBeUndefined();
    expect(await standingOf(order)).toMatchObject({ state: 'quarantined', attempt_no: 3, words: '' });
    expect(await brokenInvariants()).toEqual([]);
  });
});

describe('a worker that was thought dead', () => {
  test('changes nothing by a record that arrives after the close', async () => {
    const late: (() => Promise<unknown>)[] = [];
    const order = await inReview({
      execute: (sql, input) => {
        if (sql === RECORD_SQL) late.push(() => execute.execute(sql, input));
        return execute.execute(sql, input);
      },
    });
    await close(order, CHARGED);
    expect(late).toHaveLength(1);
    await late[0]?.();
    expect(await standingOf(order)).toEqual(PAID);
  });

  test('claims nothing that was closed, however late its message comes', async () => {
    const order = await inReview();
    await close(order, NOT_CHARGED, BEN);
    await moveClock(testDatabase.database, 2_400 + TIMING.leaseSeconds);
    const executor = new ExecutorHarness(execute);
    expect(await executor.execute(recordOf(order))).toEqual([]);
    expect([executor.psp.charges, executor.psp.lookUps]).toEqual([[], []]);
    expect(executor.consumedKeys.size).toBe(1);
  });
});
