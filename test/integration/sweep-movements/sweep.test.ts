import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import type { NewOrder } from '../../../adapters/database/statements/accept-payment.ts';
import { INVARIANTS } from '../../../adapters/database/statements/invariants.ts';
import { listDiscrepancies, listMovements } from '../../../adapters/database/statements/list-movements.ts';
import { listOperations } from '../../../adapters/database/statements/operation-log.ts';
import { checkInvariant } from '../../../adapters/database/statements/verify.ts';
import { systemIds } from '../../../adapters/ids.ts';
import type { PspMovement } from '../../../adapters/psp/psp-movement.ts';
import type { InstructionMessage } from '../../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../../adapters/time.ts';
import { sweepMovements } from '../../../lambdas/sweep-movements/sweep.ts';
import { closeDiscrepancy } from '../../../operations/close-discrepancy.ts';
import { ExecutorHarness, recordOf } from '../../support/executor.ts';
import { ListingPsp } from '../../support/listing-psp.ts';
import { moveClock, newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let database: Database;
let psp: ListingPsp;
let sent: InstructionMessage[];
/** By how much the database's clock is ahead. */
let ahead = 0;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
  psp = new ListingPsp();
  sent = [];
  ahead = 0;
});
afterEach(() => testDatabase.drop());

async function sweep(overrides: { pages?: number; isIdle?: boolean; statements?: Database } = {}) {
  let pagesLeft = overrides.pages ?? Number.POSITIVE_INFINITY;
  return sweepMovements({
    database: overrides.statements ?? testDatabase.as('oncepay_sweep'),
    activity: { isIdle: async () => overrides.isIdle ?? false },
    psps: new Map([['simulator', psp]]),
    queue: {
      send: async (messages) => {
        sent.push(...messages);
        return [];
      },
    },
    sendFailed: () => {},
    time: systemTime,
    ids: systemIds,
    hasTime: () => {
      pagesLeft -= 1;
      return pagesLeft >= 0;
    },
  });
}

async function later(seconds: number): Promise<void> {
  ahead += seconds;
  await moveClock(database, ahead);
}

const now = () => new Date(Date.now() + ahead * 1000);

async function accepted(options = {}): Promise<NewOrder> {
  const [order] = (await storePayment(database, newOrder(options))).orders;
  if (order === undefined) throw new Error('a payment has an order');
  return order;
}

async function paid(options = {}): Promise<NewOrder> {
  const order = await accepted(options);
  await new ExecutorHarness(database).execute(recordOf(order));
  return order;
}

let entries = 0;

/** The PSP's entry of an order, as the scripted PSP charged it. */
function entryOf(order: Pick<NewOrder, 'paymentOrderId'>, parts: Partial<PspMovement> = {}): PspMovement {
  entries += 1;
  return {
    pspEntryId: `txn_${entries}`,
    pspReference: `ch_${order.paymentOrderId}`,
    reference: order.paymentOrderId,
    kind: 'charge',
    amountMinor: 15_000n,
    currency: 'KRW',
    occurredAt: new Date(now().getTime() - 1_000),
    availableAt: new Date('2027-01-05T00:00:00Z'),
    ...parts,
  };
}

const discrepancies = () => listDiscrepancies(database, { limit: 100 });
const movementsOf = ({ paymentOrderId: order }: NewOrder) => listMovements(database, { order, limit: 10 });

async function violations(): Promise<readonly string[]> {
  const found = await Promise.all(INVARIANTS.map((invariant) => checkInvariant(database, invariant)));
  return found.flatMap((violation) => (violation === undefined ? [] : [violation.invariant]));
}

const amounts = () => database.execute('select captured::text from payment_order order by 1', {});

describe('an entry of the PSP’s list', () => {
  test('is attached to our movement, with the date of its payout, and changes nothing else', async () => {
    const order = await paid();
    psp.movementsListed.push(entryOf(order, { pspEntryId: 'txn_ours' }));
    expect(await sweep()).toMatchObject({
      kind: 'swept',
      accounts: [{ account: 'simulator', outcome: 'finished', pages: 1, attached: 1, noted: 0 }],
    });
    expect(await movementsOf(order)).toMatchObject([
      { kind: 'charge', psp_entry_id: 'txn_ours', available_at: '2027-01-05T00:00:00Z' },
    ]);
    expect(await discrepancies()).toEqual([]);
    expect(await amounts()).toEqual([{ captured: '15000' }]);
    expect(await violations()).toEqual([]);
  });

  test('that is listed again is attached once, and gets a date that the PSP learns later', async () => {
    const order = await paid();
    const { availableAt, ...undated } = entryOf(order);
    psp.movementsListed.push(undated);
    await sweep();
    expect(await movementsOf(order)).toMatchObject([{ available_at: null }]);
    psp.movementsListed.splice(0, 1, { ...undated, ...(availableAt === undefined ? {} : { availableAt }) });
    expect(await sweep()).toMatchObject({ accounts: [{ attached: 1, noted: 0 }] });
    expect(await sweep()).toMatchObject({ accounts: [{ attached: 0, noted: 0 }] });
    expect(await movementsOf(order)).toMatchObject([{ available_at: '2027-01-05T00:00:00Z' }]);
  });

  test('that names nothing of ours is noted once as unknown, and never booked', async () => {
    psp.movementsListed.push(
      entryOf(
        { paymentOrderId: 'dashboard' },
        { pspEntryId: 'txn_foreign', amountMinor: 700n, currency: 'EUR' },
      ),
    );
    expect(await sweep()).toMatchObject({ accounts: [{ attached: 0, noted: 1 }] });
    expect(await sweep()).toMatchObject({ accounts: [{ attached: 0, noted: 0 }] });
    expect(await discrepancies()).toMatchObject([
      {
        reason: 'unknown',
        psp_account: 'simulator',
        kind: 'charge',
        amount_minor: 700n,
        currency: 'EUR',
        psp_entry_id: 'txn_foreign',
        psp_reference: 'ch_dashboard',
        reference: 'dashboard',
        instruction_id: null,
      },
    ]);
    expect(await listMovements(database, { limit: 10 })).toEqual([]);
  });

  test('of another account’s order is unknown', async () => {
    const order = await paid({ pspAccount: 'simulator' });
    await database.execute(`update instruction set psp_account = 'simulator_2'`, {});
    psp.movementsListed.push(entryOf(order));
    await sweep();
    expect(await discrepancies()).toMatchObject([{ reason: 'unknown' }]);
  });

  test.each([
    ['amount', { amountMinor: 14_999n }],
    ['currency', { currency: 'USD' }],
  ])('with another %s than we booked is noted, and not attached', async (_what, other) => {
    const order = await paid();
    psp.movementsListed.push(entryOf(order, other));
    await sweep();
    expect(await discrepancies()).toMatchObject([
      { reason: 'other_amount', instruction_id: order.instructionId, payment_order_id: order.paymentOrderId },
    ]);
    expect(await movementsOf(order)).toMatchObject([{ psp_entry_id: null, available_at: null }]);
  });

  test('of a second charge for an order that is paid is noted, in one page or two', async () => {
    const order = await paid();
    psp.movementsListed.push(entryOf(order));
    psp.movementsListed.push(entryOf(order, { pspReference: 'ch_second' }), entryOf(order));
    await sweep();
    expect((await discrepancies()).map(({ reason }) => reason)).toEqual(['other_object', 'other_object']);
    psp.movementsListed.push(entryOf(order, { pspReference: 'ch_third' }));
    expect(await sweep()).toMatchObject({ accounts: [{ noted: 1 }] });
    expect(await movementsOf(order)).toMatchObject([{ psp_entry_id: expect.any(String) }]);
  });

  test('of an order that failed is noted: the buyer paid for nothing', async () => {
    const order = await accepted();
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async () => ({
      kind: 'declined',
      decline: { category: 'card_declined', code: 'card_declined', pspCode: 'card_declined' },
      isFinal: true,
    });
    await harness.execute(recordOf(order));
    psp.movementsListed.push(entryOf(order));
    await sweep();
    expect(await discrepancies()).toMatchObject([{ reason: 'not_successful' }]);
  });

  test('that a page holds twice is one', async () => {
    const entry = entryOf({ paymentOrderId: 'dashboard' });
    psp.movementsListed.push(entry, entry);
    expect(await sweep()).toMatchObject({ accounts: [{ noted: 1 }] });
  });
});

describe('an entry of an instruction that has not ended', () => {
  async function waiting(): Promise<NewOrder> {
    const order = await accepted();
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async ({ reference }) => ({ kind: 'pending', pspReference: `ch_${reference}` });
    await harness.execute(recordOf(order));
    return order;
  }

  test('wakes it to a look-up once, and decides nothing', async () => {
    const order = await waiting();
    psp.movementsListed.push(entryOf(order));
    expect(await sweep()).toMatchObject({ accounts: [{ attached: 0, noted: 0 }] });
    expect(sent.map(({ instructionId }) => instructionId)).toEqual([order.instructionId]);
    expect(await discrepancies()).toMatchObject([{ reason: 'not_finished' }]);
    await sweep();
    expect(sent).toHaveLength(1);
    expect(await movementsOf(order)).toEqual([]);
  });

  test('is attached after the look-up has booked it, and no longer open', async () => {
    const order = await waiting();
    psp.movementsListed.push(entryOf(order, { pspEntryId: 'txn_late' }));
    await sweep();
    const harness = new ExecutorHarness(database);
    harness.psp.onLookUp = async ({ reference, amountMinor, currency }) => ({
      kind: 'found',
      outcome: {
        kind: 'succeeded',
        charge: { pspReference: `ch_${reference}`, reference, amountMinor, currency },
      },
    });
    await harness.execute(recordOf(order));
    // The list has gone on: only what was noted names the entry.
    psp.movementsListed.length = 0;
    expect(await sweep()).toMatchObject({ accounts: [{ attached: 1 }] });
    expect(await movementsOf(order)).toMatchObject([{ psp_entry_id: 'txn_late' }]);
    expect(await discrepancies()).toEqual([]);
    expect(await violations()).toEqual([]);
  });

  test('that is being recorded waits for the record', async () => {
    const order = await accepted();
    const harness = new ExecutorHarness(database);
    harness.psp.onCharge = async (request) => {
      psp.movementsListed.push(entryOf(order));
      await sweep();
      const { reference, amountMinor, currency } = request;
      return {
        kind: 'succeeded',
        charge: { pspReference: `ch_${reference}`, reference, amountMinor, currency },
      };
    };
    await harness.execute(recordOf(order));
    expect(await discrepancies()).toMatchObject([{ reason: 'not_finished' }]);
    expect(sent).toEqual([]);
    await sweep();
    expect(await movementsOf(order)).toMatchObject([{ psp_entry_id: expect.any(String) }]);
    expect(await discrepancies()).toEqual([]);
  });
});

describe('a movement of ours', () => {
  test('that the list of a closed period lacks is noted, once', async () => {
    await sweep();
    const order = await paid();
    await sweep();
    expect(await discrepancies()).toEqual([]);
    await later(3_600);
    expect(await sweep()).toMatchObject({ accounts: [{ noted: 1 }] });
    expect(await discrepancies()).toMatchObject([
      {
        reason: 'missing',
        instruction_id: order.instructionId,
        payment_order_id: order.paymentOrderId,
        psp_reference: `ch_${order.paymentOrderId}`,
        amount_minor: 15_000n,
        psp_entry_id: null,
      },
    ]);
    expect(await sweep()).toMatchObject({ accounts: [{ noted: 0 }] });
  });

  test('that is listed late after all is attached, and no longer missing', async () => {
    await sweep();
    const order = await paid();
    await later(3_600);
    await sweep();
    psp.movementsListed.push(entryOf(order));
    expect(await sweep()).toMatchObject({ accounts: [{ attached: 1 }] });
    expect(await discrepancies()).toEqual([]);
  });

  test('of a time before the first sweep is not missed', async () => {
    await paid();
    await later(3 * 24 * 3_600);
    await sweep();
    await later(3_600);
    expect(await sweep()).toMatchObject({ accounts: [{ noted: 0 }] });
  });

  test('of another account is left to that account’s sweep', async () => {
    await sweep();
    await paid({ pspAccount: 'simulator_2' });
    await database.execute(`update movement set psp_entry_id = null`, {});
    await later(3_600);
    expect(await sweep()).toMatchObject({ accounts: [{ noted: 0 }] });
  });
});

describe('a sweep', () => {
  test('begins a day back, and then half an hour before the end of the last one', async () => {
    await sweep();
    await later(600);
    await sweep();
    const [first, second] = psp.asked.map(({ period }) => period);
    const seconds = (from?: Date, to?: Date) =>
      Math.round(((to?.getTime() ?? 0) - (from?.getTime() ?? 0)) / 1000);
    expect(seconds(first?.from, first?.to)).toBe(24 * 3_600);
    expect(seconds(second?.from, first?.to)).toBe(30 * 60);
    expect(seconds(first?.to, second?.to)).toBe(600);
  });

  test('that runs out of time is resumed in the same period, at the page where it stopped', async () => {
    psp.pageSize = 2;
    for (let entry = 0; entry < 5; entry += 1)
      psp.movementsListed.push(entryOf({ paymentOrderId: `x${entry}` }));
    await later(1);
    expect(await sweep({ pages: 2 })).toMatchObject({ accounts: [{ outcome: 'unfinished', pages: 2 }] });
    expect(await sweep()).toMatchObject({ accounts: [{ outcome: 'finished', pages: 1 }] });
    expect(psp.asked.map(({ cursor }) => cursor)).toEqual([undefined, '2', '4']);
    expect(new Set(psp.asked.map(({ period }) => period.to.getTime())).size).toBe(1);
    expect(await discrepancies()).toHaveLength(5);
  });

  test('of whose cursor the PSP knows nothing any more begins its period anew after an hour', async () => {
    psp.pageSize = 1;
    psp.movementsListed.push(entryOf({ paymentOrderId: 'x1' }), entryOf({ paymentOrderId: 'x2' }));
    await later(1);
    await sweep({ pages: 1 });
    psp.refusal = { kind: 'no_answer', outcome: { kind: 'unknown', reason: 'HTTP 422' } };
    expect(await sweep()).toMatchObject({ accounts: [{ outcome: 'failed' }] });
    await later(3_601);
    psp.refusal = undefined;
    expect(await sweep()).toMatchObject({ accounts: [{ outcome: 'finished' }] });
    expect(psp.asked.map(({ cursor }) => cursor)).toEqual([undefined, '1', undefined, '1']);
  });

  test('that gets no answer asks once, changes nothing, and goes on in the next run', async () => {
    const order = await paid();
    psp.movementsListed.push(entryOf(order));
    psp.refusal = { kind: 'no_answer', outcome: { kind: 'unknown', reason: 'no answer within 10000 ms' } };
    expect(await sweep()).toMatchObject({ accounts: [{ outcome: 'failed', pages: 0 }] });
    expect(psp.asked).toHaveLength(1);
    psp.refusal = undefined;
    expect(await sweep()).toMatchObject({ accounts: [{ outcome: 'finished', attached: 1 }] });
  });

  test('of a PSP without a list does nothing', async () => {
    psp.refusal = { kind: 'not_supported' };
    expect(await sweep()).toMatchObject({ accounts: [{ outcome: 'not_supported' }] });
  });

  test('ends where a page names itself as the next one', async () => {
    psp.refusal = { kind: 'listed', movements: [], next: '7' };
    expect(await sweep()).toMatchObject({ accounts: [{ outcome: 'failed', pages: 1 }] });
  });

  test('leaves a database alone that is asleep', async () => {
    expect(await sweep({ isIdle: true })).toEqual({ kind: 'idle' });
    expect(psp.asked).toEqual([]);
  });

  test('runs one statement a page', async () => {
    psp.pageSize = 1;
    for (let entry = 0; entry < 4; entry += 1)
      psp.movementsListed.push(entryOf({ paymentOrderId: `x${entry}` }));
    await later(1);
    let statements = 0;
    const counted: Database = {
      execute: (sql, input) => {
        statements += 1;
        return testDatabase.as('oncepay_sweep').execute(sql, input);
      },
    };
    await sweep({ statements: counted });
    // Beside the pages: what had not ended, the period, what is missing.
    expect(statements).toBe(4 + 3);
  });

  test('run twice at once attaches once and notes once', async () => {
    const orders = [await paid(), await paid(), await paid()];
    psp.movementsListed.push(
      ...orders.map((order) => entryOf(order)),
      entryOf({ paymentOrderId: 'dashboard' }),
    );
    await Promise.all([sweep(), sweep(), sweep()]);
    for (const order of orders) {
      expect(await movementsOf(order)).toMatchObject([{ psp_entry_id: expect.any(String) }]);
    }
    expect(await discrepancies()).toHaveLength(1);
    expect(await violations()).toEqual([]);
  });
});

describe('an operator', () => {
  test('closes what was looked into, with a reason in the log; it is not noted again', async () => {
    psp.movementsListed.push(entryOf({ paymentOrderId: 'dashboard' }));
    await sweep();
    const [open] = await discrepancies();
    const id = open?.discrepancy_id ?? '';
    const operator = { actor: 'ann', reason: 'a test of finance', origin: 'a test' };
    const operating = testDatabase.as('oncepay_operate');
    await closeDiscrepancy(operating, id, operator);
    expect(await listDiscrepancies(operating, { limit: 10 })).toEqual([]);
    expect(await listOperations(operating, { subject: id, limit: 10 })).toMatchObject([
      { action: 'discrepancy_closed', actor: 'ann', reason: 'a test of finance' },
    ]);
    await expect(closeDiscrepancy(operating, id, operator)).rejects.toThrow(`no open discrepancy ${id}`);
    expect(await sweep()).toMatchObject({ accounts: [{ noted: 0 }] });
  });
});
