import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { DatabaseUnreachableError } from '../../../adapters/database/database.ts';
import type { NewOrder } from '../../../adapters/database/statements/accept-payment.ts';
import { listEvents, showEvent } from '../../../adapters/database/statements/list-events.ts';
import { EVENT_STATES } from '../../../adapters/database/statements/receive-event.ts';
import { systemIds } from '../../../adapters/ids.ts';
import { EventReceiver } from '../../support/event-receiver.ts';
import { eventBody } from '../../support/events.ts';
import { ExecutorHarness, recordOf } from '../../support/executor.ts';
import { newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let database: Database;
let receiver: EventReceiver;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
  receiver = new EventReceiver(testDatabase.as('oncepay_receive'));
});
afterAll(() => testDatabase.drop());

async function storedOrder(pspAccount?: string): Promise<NewOrder> {
  const [order] = (await storePayment(database, newOrder(pspAccount === undefined ? {} : { pspAccount })))
    .orders;
  if (order === undefined) throw new Error('a payment has an order');
  return order;
}

const bodyOf = (order: Pick<NewOrder, 'paymentOrderId' | 'instructionId'>, parts = {}) =>
  eventBody({ reference: order.paymentOrderId, idempotencyKey: order.instructionId, ...parts });

async function stored(instructionId: string) {
  const all = await listEvents(database, { states: EVENT_STATES, limit: 1_000 });
  return all.filter(({ instruction_id }) => instruction_id === instructionId);
}

const notStored = () => ({ instructionId: systemIds.next('ins'), paymentOrderId: systemIds.next('ord') });

describe('an event', () => {
  test('is stored with what it names, when it was signed, and the hash of its body', async () => {
    const order = await storedOrder();
    const body = bodyOf(order, { id: 'evt_whole', chargeId: 'ch_whole' });
    const now = Date.parse('2027-03-01T00:00:00Z');
    expect(await receiver.receive(body, { now })).toMatchObject({ state: 'matched' });

    const shown = await showEvent(testDatabase.as('oncepay_operate'), 'evt_whole');
    expect(shown).toMatchObject({
      event: {
        psp_account: 'simulator',
        type: 'charge.succeeded',
        object_id: 'ch_whole',
        object_state: 'succeeded',
        instruction_id: order.instructionId,
        payment_order_id: order.paymentOrderId,
        state: 'matched',
        is_reordered: false,
        deliveries: 1,
        signed_at: '2027-03-01T00:00:00Z',
      },
      bodySha256: createHash('sha256').update(body).digest('hex'),
      bodyBytes: Buffer.byteLength(body),
    });
    expect(shown?.body.toString()).toBe(body);
  });

  test('keeps the first 16 KB of a longer body, and the hash of all of it', async () => {
    const body = `${bodyOf(await storedOrder(), { id: 'evt_long' }).slice(0, -1)},"more":"${'x'.repeat(20_000)}"}`;
    await receiver.receive(body);
    const shown = await showEvent(database, 'evt_long');
    expect(shown?.body.toString()).toBe(body.slice(0, 16_384));
    expect(shown?.bodyBytes).toBe(body.length);
    expect(shown?.bodySha256).toBe(createHash('sha256').update(body).digest('hex'));
  });

  test('changes nothing of the payment that it names, but that it was woken', async () => {
    const order = await storedOrder();
    const before = await rowsOf(order);
    await receiver.receive(bodyOf(order));
    expect(await rowsOf(order)).toEqual(before);
  });

  test('of an instruction that has ended is marked', async () => {
    const order = await storedOrder();
    await new ExecutorHarness(database).execute(recordOf(order));
    expect(await receiver.receive(bodyOf(order))).toEqual({ state: 'ended', woken: [] });
  });

  test('that comes before what it names is kept as early', async () => {
    const early = notStored();
    expect(await receiver.receive(bodyOf(early))).toEqual({ state: 'early', woken: [] });
    expect(await stored(early.instructionId)).toMatchObject([{ state: 'early' }]);
  });

  test.each([
    ['names nothing of ours', { reference: 'a shop’s own', idempotencyKey: 'a shop’s own' }],
    ['names an id of another form', { reference: 'ord_1', idempotencyKey: 'ins_1' }],
  ])('that %s is foreign', async (_name, parts) => {
    expect(await receiver.receive(eventBody(parts))).toEqual({ state: 'foreign', woken: [] });
  });

  test('of one account that names another account’s instruction is foreign', async () => {
    const order = await storedOrder('simulator_2');
    expect(await receiver.receive(bodyOf(order))).toEqual({ state: 'foreign', woken: [] });
    expect(await receiver.receive(bodyOf(order), { account: 'simulator_2' })).toMatchObject({
      state: 'matched',
    });
  });

  test('that names only the order is of the order’s instruction', async () => {
    const { paymentOrderId } = await storedOrder();
    const body = eventBody({ reference: paymentOrderId, idempotencyKey: 'another' });
    expect(await receiver.receive(body)).toMatchObject({ state: 'matched' });
  });

  test('older than what is known of its object is marked as out of order', async () => {
    const order = await storedOrder();
    const of = (status: string, created: string) => bodyOf(order, { chargeId: 'ch_order', status, created });
    await receiver.receive(of('succeeded', '2027-01-01T00:00:02.000Z'));
    await receiver.receive(of('requires_action', '2027-01-01T00:00:01.000Z'));
    expect((await stored(order.instructionId)).map((row) => [row.type, row.is_reordered])).toEqual([
      ['charge.requires_action', true],
      ['charge.succeeded', false],
    ]);
  });
});

describe('a duplicate', () => {
  test('is answered as the first was, stored once and counted', async () => {
    const order = await storedOrder();
    const body = bodyOf(order);
    await receiver.receive(body);
    receiver.counts();
    expect(await receiver.receive(body)).toEqual({ state: 'duplicate', woken: [] });
    expect(await stored(order.instructionId)).toMatchObject([{ deliveries: 2 }]);
    expect(receiver.counts()).toEqual({ 'EventsDuplicate simulator': 1 });
  });

  test('under another id is one, too: two events of one change', async () => {
    const order = await storedOrder();
    const change = { chargeId: 'ch_twin', created: '2027-01-01T00:00:00.000Z' };
    await receiver.receive(bodyOf(order, { id: 'evt_twin_1', ...change }));
    expect(await receiver.receive(bodyOf(order, { id: 'evt_twin_2', ...change }))).toMatchObject({
      state: 'duplicate',
    });
    expect(await stored(order.instructionId)).toMatchObject([{ deliveries: 2 }]);
  });

  test('is not an object that came back to an earlier state', async () => {
    const order = await storedOrder();
    const again = (second: number) =>
      bodyOf(order, {
        chargeId: 'ch_again',
        status: 'requires_action',
        created: `2027-01-01T00:00:0${second}.000Z`,
      });
    await receiver.receive(again(1));
    expect(await receiver.receive(again(2))).toMatchObject({ state: 'matched' });
  });

  test('is not an event of the same id at another account', async () => {
    const [one, other] = [await storedOrder(), await storedOrder('simulator_2')];
    await receiver.receive(bodyOf(one, { id: 'evt_both' }));
    expect(
      await receiver.receive(bodyOf(other, { id: 'evt_both' }), { account: 'simulator_2' }),
    ).toMatchObject({ state: 'matched' });
  });

  test('is stored once by two receivers at once', async () => {
    const order = await storedOrder();
    const body = bodyOf(order);
    const states = await Promise.all(Array.from({ length: 8 }, () => receiver.receive(body)));
    expect(states.filter(({ state }) => state === 'matched')).toHaveLength(1);
    expect(await stored(order.instructionId)).toHaveLength(1);
  });
});

describe('nothing is stored', () => {
  const refusals = [
    ['wrong_signature', { signedWith: ['another secret'] }],
    ['wrong_signature', { account: 'simulator', signedWith: ['simulator_2'] }],
    ['unsigned', { headers: {} }],
  ] as const;

  test.each(refusals)('and the answer says no reason: %s', async (reason, sending) => {
    const order = await storedOrder();
    receiver.counts();
    const answer = receiver.receive(bodyOf(order), sending);
    await expect(answer).rejects.toMatchObject({ code: 'event_refused', errors: [] });
    await expect(answer).rejects.not.toThrow(reason);
    expect(await stored(order.instructionId)).toEqual([]);
    expect(receiver.counts()).toMatchObject({ [`EventsRefused ${reason}`]: 1 });
  });

  test('of an account that isn’t ours', async () => {
    receiver.counts();
    const order = await storedOrder();
    await expect(receiver.receive(bodyOf(order), { account: 'nobody' })).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await stored(order.instructionId)).toEqual([]);
    expect(receiver.counts()).toEqual({ 'EventsRefused unknown_account': 1 });
  });

  test('of a body above 64 KB, however it is signed', async () => {
    const body = eventBody({ reference: 'x'.repeat(65_536) });
    await expect(receiver.receive(body)).rejects.toMatchObject({ code: 'body_too_large' });
  });

  test('if the database doesn’t answer: the PSP sends it again', async () => {
    const failing = new EventReceiver({
      execute: async () => {
        throw new DatabaseUnreachableError('no answer');
      },
    });
    await expect(failing.receive(eventBody())).rejects.toThrow(DatabaseUnreachableError);
    expect(failing.counts()).toEqual({ 'EventsFailed simulator': 1 });
  });
});

test('an event that isn’t signed does not count as one that fails, which would alarm for every scanner', async () => {
  receiver.counts();
  await receiver.receive(eventBody(), { headers: {} }).catch(() => {});
  expect(receiver.counts()).toEqual({ 'EventsRefused unsigned': 1 });
});

async function rowsOf({ instructionId, paymentOrderId }: NewOrder) {
  return database.execute(
    `select (to_jsonb(i) - 'woken_at')::text as instruction, to_jsonb(o)::text as payment_order
     from instruction i
     join payment_order o using (payment_order_id)
     where i.instruction_id = :input::jsonb ->> 'id' and o.payment_order_id = :input::jsonb ->> 'order_id'`,
    { id: instructionId, order_id: paymentOrderId },
  );
}
