import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { readPayment } from '../../../adapters/database/statements/read-payments.ts';
import { takeDueInstructions } from '../../../adapters/database/statements/relay-instructions.ts';
import { wakeInstructions } from '../../../adapters/database/statements/wake-instructions.ts';
import type { PspFinding, PspOutcome, PspState } from '../../../domain/payment/psp-outcome.ts';
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
beforeEach(() => moveClock(database, 0));

const OPEN: PspState = {
  kind: 'requires_action',
  pspReference: 'obj_1',
  redirectUrl: 'https://psp.test/pay/1',
};
const PENDING: PspState = { kind: 'pending', pspReference: 'obj_1' };
const FAILED_ACTION: PspState = {
  kind: 'declined',
  decline: { category: 'card_declined', code: 'card_declined', pspCode: 'authentication_failed' },
  isFinal: false,
};

/** A charge that its PSP has accepted and that waits since; what the PSP says of it later is `state`. */
async function waiting(
  accepted: PspOutcome = OPEN,
  abilities = { ...DEDUPLICATING, invalidatesByKey: true },
) {
  const payment = await storePayment(database, newOrder());
  const [order] = payment.orders;
  if (order === undefined) throw new Error('one order');
  const psp = new ScriptedPsp('simulator', abilities);
  const harness = new ExecutorHarness(database, psp);
  psp.onCharge = async () => accepted;
  const failed = await harness.execute(recordOf(order));
  const says = (state: PspState | 'not_found') => {
    const finding: PspFinding =
      state === 'not_found' ? { kind: 'not_found' } : { kind: 'found', outcome: state };
    psp.onLookUp = async () => finding;
  };
  const look = async (seconds: number) => {
    await moveClock(database, seconds);
    return harness.execute(recordOf(order));
  };
  const shown = async () => {
    const { orders } = await readPayment(database, MERCHANT, payment.paymentId);
    return orders[0];
  };
  const row = async () => {
    const [found] = await database.execute(
      `select state, parked, awaits, attempt_no, attempts_in_cycle, psp_reference,
              round(extract(epoch from not_before - clock()))::int as looked_up_in,
              round(extract(epoch from expires_at - clock()))::int as expires_in
       from instruction where instruction_id = :input::jsonb ->> 'id'`,
      { id: order.instructionId },
    );
    return found;
  };
  return { order, psp, harness, failed, says, look, shown, row };
}

describe('a charge that needs its buyer', () => {
  test('shows where the buyer has to go, and keeps no message, no lease and no attempt', async () => {
    const { failed, shown, row } = await waiting();

    expect(failed).toEqual([]);
    expect(await shown()).toMatchObject({
      status: 'EXECUTING',
      status_detail: 'awaiting_buyer',
      psp_reference: 'obj_1',
      next_action: { type: 'redirect', url: 'https://psp.test/pay/1', expires_at: null },
    });
    expect(await row()).toMatchObject({
      state: 'awaiting_buyer',
      parked: true,
      attempts_in_cycle: 0,
      looked_up_in: 30,
      expires_in: 3600,
    });
  });

  test('is looked up by the PSP’s id and never sent again, and succeeds once the PSP shows it charged', async () => {
    const { psp, order, says, look, shown, row } = await waiting();
    says(succeededOf(order));

    expect(await look(40)).toEqual([]);

    expect(psp.lookUps).toMatchObject([{ pspReference: 'obj_1' }]);
    expect(psp.charges).toHaveLength(1);
    expect(await shown()).toMatchObject({ status: 'SUCCESS', status_detail: null, next_action: null });
    expect(await row()).toMatchObject({ state: 'succeeded' });
  });

  test('is not sent again even if the PSP doesn’t find it', async () => {
    const { psp, says, look, shown } = await waiting();
    says('not_found');

    await look(40);

    expect(psp.charges).toHaveLength(1);
    expect(await shown()).toMatchObject({ status: 'EXECUTING', status_detail: 'awaiting_buyer' });
  });

  test('acknowledges a message that comes before it is to be looked up, and asks nobody', async () => {
    const { psp, look } = await waiting();

    expect(await look(10)).toEqual([]);

    expect(psp.lookUps).toEqual([]);
  });

  test('waits on with its page while the buyer does nothing, less often each time', async () => {
    const { says, look, shown, row } = await waiting();
    says(OPEN);

    await look(40);

    expect(await row()).toMatchObject({
      attempt_no: 2,
      attempts_in_cycle: 0,
      looked_up_in: 60,
      expires_in: 3560,
    });
    expect(await shown()).toMatchObject({ next_action: { url: 'https://psp.test/pay/1' } });
  });

  test('is confirmed by its id once the buyer has approved, where only that charges', async () => {
    const { psp, order, says, look, shown } = await waiting();
    says({ kind: 'requires_action', pspReference: 'obj_1', redirectUrl: null });
    psp.onCharge = async () => succeededOf(order);

    await look(40);

    expect(psp.charges.at(-1)).toMatchObject({ pspReference: 'obj_1', idempotencyKey: order.instructionId });
    expect(await shown()).toMatchObject({ status: 'SUCCESS' });
  });

  test('fails by a failed action only after an invalidation, with the failure of the action', async () => {
    const { psp, says, look, shown } = await waiting();
    says(FAILED_ACTION);

    await look(40);

    expect(psp.invalidations).toHaveLength(1);
    expect(await shown()).toMatchObject({ status: 'FAILED', failure: { code: 'card_declined' } });
  });
});

describe('an expiry', () => {
  test('invalidates at the PSP first, and only then fails the order', async () => {
    const { psp, says, look, shown } = await waiting();
    says(OPEN);

    await look(3_700);

    expect(psp.invalidations).toHaveLength(1);
    expect(await shown()).toMatchObject({
      status: 'FAILED',
      failure: { category: 'expired', code: 'expired' },
    });
  });

  test('in the second in which the buyer pays is a success: the PSP refuses the invalidation', async () => {
    const { psp, order, says, look, shown } = await waiting();
    says(OPEN);
    psp.onInvalidate = async () => ({ kind: 'charged', charge: succeededOf(order).charge });

    await look(3_700);

    expect(await shown()).toMatchObject({ status: 'SUCCESS' });
  });

  test('whose invalidation is not answered fails nothing, and is tried again', async () => {
    const { psp, says, look, shown } = await waiting();
    says(OPEN);
    psp.onInvalidate = async () => ({ kind: 'no_answer', outcome: { kind: 'unknown', reason: 'reset' } });

    await look(3_700);
    expect(await shown()).toMatchObject({ status: 'EXECUTING', status_detail: 'awaiting_buyer' });
    psp.onInvalidate = async () => ({ kind: 'invalidated' });
    await look(4_000);

    expect(await shown()).toMatchObject({ status: 'FAILED' });
  });

  test('at a PSP that can’t invalidate, and doesn’t expire it itself, is for a person', async () => {
    const { says, look, shown } = await waiting(OPEN, DEDUPLICATING);
    says(OPEN);

    await look(3_700);

    expect(await shown()).toMatchObject({ status: 'EXECUTING', status_detail: 'manual_review' });
  });
});

describe('a charge that its PSP has yet to decide', () => {
  test('waits for the PSP, and is declined when the PSP says so', async () => {
    const { says, look, shown } = await waiting({ ...PENDING, pollAfterSeconds: 90 });
    expect(await shown()).toMatchObject({ status_detail: 'awaiting_psp', next_action: null });
    says({ ...FAILED_ACTION, isFinal: true });

    await look(40);
    expect(await shown()).toMatchObject({ status_detail: 'awaiting_psp' });
    await look(100);

    expect(await shown()).toMatchObject({ status: 'FAILED', failure: { code: 'card_declined' } });
  });

  test('keeps waiting when the PSP refuses to invalidate what it is processing', async () => {
    const { psp, says, look, shown } = await waiting({
      ...PENDING,
      expiresAt: new Date(Date.now() + 60_000),
    });
    says(PENDING);
    psp.onInvalidate = async () => ({ kind: 'found', outcome: { kind: 'pending', pspReference: 'obj_1' } });

    await look(70);

    expect(await shown()).toMatchObject({ status: 'EXECUTING', status_detail: 'awaiting_psp' });
  });
});

describe('a wake', () => {
  test('takes the message of what waits, which is then looked up at once', async () => {
    const { order, says, look, shown } = await waiting();
    says(succeededOf(order));

    const woken = await wakeInstructions(testDatabase.as('oncepay_receive'), [order.instructionId]);
    expect(woken).toMatchObject([{ instruction_id: order.instructionId, send_no: 1 }]);
    await look(1);

    expect(await shown()).toMatchObject({ status: 'SUCCESS' });
  });

  test('takes no second message while one is on its way', async () => {
    const { order } = await waiting();
    await wakeInstructions(database, [order.instructionId]);

    expect(await wakeInstructions(database, [order.instructionId])).toEqual([]);
  });

  test('that is lost is made good by the relay', async () => {
    const { order } = await waiting();
    await wakeInstructions(database, [order.instructionId]);
    await moveClock(database, 7 * 60);

    const { due } = await takeDueInstructions(database, 10);

    expect(due.map(({ instruction_id }) => instruction_id)).toContain(order.instructionId);
  });

  test('during a look-up has it looked up once more at once', async () => {
    const { order, psp, look, row } = await waiting();
    psp.onLookUp = async () => {
      expect(await wakeInstructions(database, [order.instructionId])).toEqual([]);
      return { kind: 'found', outcome: OPEN };
    };

    await look(40);

    expect(await row()).toMatchObject({ state: 'awaiting_buyer', looked_up_in: 0 });
  });

  test('changes nothing about what has ended', async () => {
    const { order, says, look, row } = await waiting();
    says(succeededOf(order));
    await look(40);

    expect(await wakeInstructions(database, [order.instructionId])).toEqual([]);
    expect(await row()).toMatchObject({ state: 'succeeded' });
  });
});

describe('polls that fail', () => {
  test('are retried like any other attempt, and what it waits for is kept', async () => {
    const { psp, look, row } = await waiting();
    psp.onLookUp = async () => ({ kind: 'no_answer', outcome: { kind: 'unknown', reason: 'reset' } });

    await look(40);

    expect(await row()).toMatchObject({ state: 'ready', awaits: 'buyer', attempts_in_cycle: 1 });
  });
});

describe('what waits and crashes its worker every time', () => {
  test('goes to a person past its last cycle, without a page for the buyer, and holds up no other of its batch', async () => {
    const { order, harness, shown, row } = await waiting();
    await database.execute(
      `update instruction set state = 'executing', parked = false, attempts_in_cycle = 8, cycle = 3, not_before = clock()
       where instruction_id = :input::jsonb ->> 'id'`,
      { id: order.instructionId },
    );
    const other = await storePayment(database, newOrder());
    const [otherOrder] = other.orders;
    if (otherOrder === undefined) throw new Error('one order');
    harness.psp.onCharge = async (request) => succeeded(request);

    expect(await harness.execute(recordOf(order), recordOf(otherOrder))).toEqual([]);

    expect(await row()).toMatchObject({ state: 'quarantined' });
    expect(await shown()).toMatchObject({ status_detail: 'manual_review', next_action: null });
    expect((await readPayment(database, MERCHANT, other.paymentId)).orders).toMatchObject([
      { status: 'SUCCESS' },
    ]);
  });
});

function succeededOf({ paymentOrderId: reference, amountMinor, currency }: ReturnType<typeof newOrder>) {
  const request = {
    reference,
    amountMinor,
    currency,
    operation: 'charge',
    idempotencyKey: '',
    requestVersion: 1,
  };
  return succeeded({ ...request, operation: 'charge', paymentMethod: 'sim_ok' });
}
