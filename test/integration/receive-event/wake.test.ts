import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import type { NewOrder } from '../../../adapters/database/statements/accept-payment.ts';
import { listEvents } from '../../../adapters/database/statements/list-events.ts';
import { matchEarlyEvents } from '../../../adapters/database/statements/match-events.ts';
import { listOperations } from '../../../adapters/database/statements/operation-log.ts';
import { EVENT_STATES } from '../../../adapters/database/statements/receive-event.ts';
import { takeDueInstructions } from '../../../adapters/database/statements/relay-instructions.ts';
import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import { systemIds } from '../../../adapters/ids.ts';
import { systemTime } from '../../../adapters/time.ts';
import { returnFromPsp } from '../../../lambdas/receive-event/return.ts';
import { relayInstructions } from '../../../lambdas/relay-instructions/relay.ts';
import { replayEvents } from '../../../operations/replay-events.ts';
import { EventReceiver } from '../../support/event-receiver.ts';
import { eventBody } from '../../support/events.ts';
import { ExecutorHarness, recordOf, succeeded } from '../../support/executor.ts';
import { moveClock, newOrder, newPayment, storeAgain, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let database: Database;
let receiver: EventReceiver;
let executor: ExecutorHarness;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
  receiver = new EventReceiver(testDatabase.as('oncepay_receive'));
  executor = new ExecutorHarness(database);
});
afterEach(() => testDatabase.drop());

const OPERATOR = { actor: 'ann', reason: 'a test', origin: 'here' };

async function firstOrder(): Promise<NewOrder> {
  const [order] = (await storePayment(database, newOrder())).orders;
  if (order === undefined) throw new Error('a payment has an order');
  return order;
}

/** An order whose buyer has to act. */
async function awaitingBuyer(): Promise<NewOrder> {
  executor.psp.onCharge = async () => ({
    kind: 'requires_action',
    pspReference: 'ch_1',
    redirectUrl: 'https://psp.example/pay',
  });
  const order = await firstOrder();
  await executor.execute(recordOf(order));
  expect(await rowOf(order)).toMatchObject({ state: 'awaiting_buyer', parked: true });
  return order;
}

async function rowOf({ instructionId }: Pick<NewOrder, 'instructionId'>) {
  const [row] = await database.execute(
    `select state, parked, send_no, attempt_no, woken_at is not null as is_woken,
            poll_at <= clock() as is_polled, not_before <= clock() as is_due
     from instruction where instruction_id = :input::jsonb ->> 'id'`,
    { id: instructionId },
  );
  return row;
}

const bodyOf = (order: Pick<NewOrder, 'paymentOrderId' | 'instructionId'>, parts = {}) =>
  eventBody({ reference: order.paymentOrderId, idempotencyKey: order.instructionId, ...parts });

const messageOf = ({ instructionId, paymentOrderId }: NewOrder, sendNumber: number) =>
  expect.objectContaining({ instructionId, groupId: paymentOrderId, operation: 'charge', sendNumber });

function relay() {
  return relayInstructions({
    database: testDatabase.as('oncepay_relay'),
    queue: receiver.effects.queue,
    activity: alwaysActive,
    time: systemTime,
    remainingMilliseconds: () => 12_000,
    matchEvents: async () => (await matchEarlyEvents(testDatabase.as('oncepay_relay'), 100)).woken,
    sentAgain: () => {},
  });
}

describe('an event about a payment that waits', () => {
  test('has it looked up now, by a message under the next number', async () => {
    const order = await awaitingBuyer();
    expect(await receiver.receive(bodyOf(order))).toMatchObject({ state: 'matched' });
    expect(receiver.sent).toEqual([messageOf(order, 1)]);
    expect(await rowOf(order)).toMatchObject({
      state: 'awaiting_buyer',
      parked: false,
      send_no: 1,
      is_woken: true,
      is_polled: true,
      is_due: true,
    });
  });

  test('is not believed: the look-up decides', async () => {
    const order = await awaitingBuyer();
    await receiver.receive(bodyOf(order, { status: 'declined' }));
    executor.psp.onLookUp = async (request) => ({ kind: 'found', outcome: succeeded(request) });
    await executor.execute(recordOf(order));
    expect(await rowOf(order)).toMatchObject({ state: 'succeeded' });
  });

  test('sends nothing twice: not beside a message on its way, not for a duplicate, and not by the relay', async () => {
    const order = await awaitingBuyer();
    const body = bodyOf(order);
    await receiver.receive(body);
    await receiver.receive(body);
    await receiver.receive(bodyOf(order, { status: 'authenticated' }));
    expect(receiver.sent).toHaveLength(1);
    expect((await takeDueInstructions(testDatabase.as('oncepay_relay'), 10)).due).toEqual([]);
  });

  test('is sent by the relay if the send failed', async () => {
    const order = await awaitingBuyer();
    const failing = new EventReceiver(testDatabase.as('oncepay_receive'), {
      queue: {
        send: async () => {
          throw new Error('SQS is down');
        },
      },
    });
    expect(await failing.receive(bodyOf(order))).toMatchObject({ state: 'matched' });
    expect(failing.failures).toHaveLength(1);
    await moveClock(database, 7 * 60);
    await relay();
    expect(receiver.sent).toEqual([messageOf(order, 2)]);
  });

  test('wakes it again after each look-up, each time under another number', async () => {
    const order = await awaitingBuyer();
    executor.psp.onLookUp = async () => ({
      kind: 'found',
      outcome: { kind: 'requires_action', pspReference: 'ch_1', redirectUrl: 'https://psp.example/pay' },
    });
    for (const status of ['requires_action', 'authenticated']) {
      await receiver.receive(bodyOf(order, { status }));
      await executor.execute(recordOf(order));
    }
    expect(receiver.sent).toEqual([messageOf(order, 1), messageOf(order, 2)]);
  });
});

test('an event that meets an execution has it looked up again at once', async () => {
  const order = await firstOrder();
  executor.psp.onCharge = async () => {
    expect(await receiver.receive(bodyOf(order))).toMatchObject({ state: 'matched', woken: [] });
    return { kind: 'requires_action', pspReference: 'ch_1', redirectUrl: 'https://psp.example/pay' };
  };
  await executor.execute(recordOf(order));
  expect(await rowOf(order)).toMatchObject({ state: 'awaiting_buyer', parked: true, is_due: true });
  await relay();
  expect(receiver.sent).toEqual([messageOf(order, 1)]);
});

describe('an early event', () => {
  test('wakes what it names once that is there, by the relay', async () => {
    const payment = newPayment([newOrder()]);
    const [order] = payment.orders;
    if (order === undefined) throw new Error('a payment has an order');
    expect(await receiver.receive(bodyOf(order))).toMatchObject({ state: 'early' });
    await storeAgain(database, payment);
    executor.psp.onCharge = async () => ({
      kind: 'requires_action',
      pspReference: 'ch_1',
      redirectUrl: 'https://psp.example/pay',
    });
    await executor.execute(recordOf(order));
    await relay();
    expect(receiver.sent).toEqual([messageOf(order, 1)]);
    expect(await states()).toEqual(['matched']);
    await relay();
    expect(receiver.sent).toHaveLength(1);
  });

  test('is unknown after an hour, and not looked for any more', async () => {
    await receiver.receive(bodyOf({ instructionId: systemIds.next('ins'), paymentOrderId: 'x' }));
    const asRelay = testDatabase.as('oncepay_relay');
    expect(await matchEarlyEvents(asRelay, 100)).toEqual({ matched: 0, unknown: 0, woken: [] });
    expect(await states()).toEqual(['early']);
    await moveClock(database, 3_601);
    expect(await matchEarlyEvents(asRelay, 100)).toEqual({ matched: 0, unknown: 1, woken: [] });
    expect(await states()).toEqual(['unknown']);
  });
});

async function states(): Promise<readonly string[]> {
  return (await listEvents(database, { states: EVENT_STATES, limit: 100 })).map(({ state }) => state);
}

test('a buyer who comes back has the payment looked up now', async () => {
  const order = await awaitingBuyer();
  const effects = { ...receiver.effects, takesRealMoney: true };
  expect(await returnFromPsp(order.paymentOrderId, effects)).toMatchObject({ status: 200 });
  expect(receiver.sent).toEqual([messageOf(order, 1)]);
  // A reload beside the message on its way sends no other.
  await returnFromPsp(order.paymentOrderId, effects);
  expect(receiver.sent).toHaveLength(1);
});

describe('a replay', () => {
  const effects = () => ({
    database: testDatabase.as('oncepay_operate'),
    activity: { touch: async () => {} },
    queue: receiver.effects.queue,
    sendFailed: receiver.effects.sendFailed,
  });

  test('wakes what the event names again, and says who did it', async () => {
    const order = await awaitingBuyer();
    await receiver.receive(bodyOf(order));
    await executor.execute(recordOf(order));
    const [event] = await listEvents(database, { states: EVENT_STATES, limit: 1 });
    const eventId = event?.event_id ?? '';
    await moveClock(database, 60);
    receiver.sent.length = 0;
    expect(await replayEvents(effects(), [eventId], OPERATOR)).toEqual([
      { event_id: eventId, state: 'matched' },
    ]);
    expect(receiver.sent).toHaveLength((await rowOf(order))?.state === 'awaiting_buyer' ? 1 : 0);
    expect(await listOperations(database, { subject: eventId, limit: 1 })).toMatchObject([
      { action: 'event_replayed', actor: 'ann' },
    ]);
  });

  test('of an event that isn’t there says so, and replays the others', async () => {
    const order = await awaitingBuyer();
    await receiver.receive(bodyOf(order));
    const [event] = await listEvents(database, { states: EVENT_STATES, limit: 1 });
    const replay = replayEvents(effects(), [event?.event_id ?? '', 'pev_none'], OPERATOR);
    await expect(replay).rejects.toThrow('There is no event pev_none');
    expect(await listOperations(database, { action: 'event_replayed', limit: 5 })).toHaveLength(1);
  });
});
