import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import {
  type FinishedAttempt,
  recordAttempts,
} from '../../../adapters/database/statements/record-attempts.ts';
import { checkRange } from '../../../adapters/database/statements/verify.ts';
import { systemIds } from '../../../adapters/ids.ts';
import type { Movement } from '../../../domain/ledger/movement.ts';
import { type AmountDeltas, amountsMoved, ORDER_AMOUNTS } from '../../../domain/ledger/order-amounts.ts';
import { balanced, type LedgerEntry, type LedgerTransaction } from '../../../domain/ledger/transaction.ts';
import { ended, type Transition } from '../../../domain/payment/transition.ts';
import { newOrder, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

/**
 * What the record statement books of operations that no release accepts yet: a transition says it all, so that an operation is
 * added as data.
 */
let testDatabase: TestDatabase;
let database: Database;
beforeEach(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.as('oncepay_execute');
});
afterEach(() => testDatabase.drop());

interface Authorized {
  readonly orderId: string;
  readonly instructionId: string;
}

/** An order whose first instruction is an authorization that is being executed. */
async function authorizing(): Promise<Authorized> {
  const order = newOrder({ amountMinor: 100n });
  const { paymentId } = await storePayment(testDatabase.as('oncepay_accept'), order);
  await testDatabase.database.execute(
    `with started as (
       update payment set orders_started = 1 where payment_id = '${paymentId}')
     update instruction set operation = 'authorize', ${EXECUTING} where instruction_id = '${order.instructionId}'`,
    {},
  );
  return { orderId: order.paymentOrderId, instructionId: order.instructionId };
}

const EXECUTING = `state = 'executing', attempt_no = 1, claim_token = 'clm_1'`;

/** A further instruction of the order, which is being executed; what it may take is reserved. */
async function follow(parent: Authorized, operation: string, amount: bigint, reserved: string) {
  const id = systemIds.next('ins');
  await testDatabase.database.execute(
    `with reserved as (
       update payment_order set ${reserved} = ${reserved} + ${amount} where payment_order_id = '${parent.orderId}')
     insert into instruction (instruction_id, parent_id, operation, amount_minor, group_id, payment_order_id, payment_id, merchant_id,
                              psp_account, currency, splits, request, request_version, not_before, last_sent_at, state,
                              attempt_no, claim_token)
     select '${id}', instruction_id, '${operation}', ${amount}, group_id, payment_order_id, payment_id, merchant_id, psp_account,
            currency, splits, request, request_version, clock(), clock(), 'executing', 1, 'clm_1'
     from instruction where instruction_id = '${parent.instructionId}'`,
    {},
  );
  return id;
}

const hold = (amountMinor: bigint, phase: LedgerEntry['phase']): readonly LedgerEntry[] => [
  { account: RECEIVABLE, direction: 'debit', phase, amountMinor },
  { account: PAYABLE, direction: 'credit', phase, amountMinor },
];
const RECEIVABLE = { kind: 'psp_receivable', owner: 'simulator', currency: 'KRW' } as const;
const PAYABLE = { kind: 'seller_payable', owner: 'seller_1', currency: 'KRW' } as const;
/** Under a type that no release posts yet. */
const post = (postingType: string, entries: readonly LedgerEntry[]) =>
  balanced({ source: 'movement', postingType: postingType as LedgerTransaction['postingType'], entries });

function attemptOf(orderId: string, instructionId: string, transition: Transition): FinishedAttempt {
  const now = new Date();
  return {
    instructionId,
    paymentOrderId: orderId,
    psp: 'simulator',
    correlationId: null,
    attemptNo: 1,
    claimToken: 'clm_1',
    transition,
    movementId: systemIds.next('mov'),
    ledgerTransactionIds: transition.postings.map(() => systemIds.next('ltx')),
    steps: [{ action: 'send', outcome: 'succeeded', detail: {}, startedAt: now, finishedAt: now }],
    isProbe: false,
    health: { kind: 'answered' },
  };
}

function succeededBy(
  kind: Movement['kind'],
  amountMinor: bigint,
  entries: readonly LedgerEntry[],
  freed: AmountDeltas = {},
): Transition {
  const movement = { kind, amountMinor, currency: 'KRW' };
  return {
    ...ended('succeeded', 'EXECUTING', 'authorized'),
    movement,
    amounts: { ...amountsMoved(movement), ...freed },
    postings: [post(kind, entries)],
  };
}

const record = (attempt: FinishedAttempt, shard = 0) =>
  recordAttempts(database, [attempt], shard, () => undefined);

async function amountsOf(orderId: string) {
  const [row] = await database.execute(
    `select ${ORDER_AMOUNTS.map((name) => `${name}::text`).join(', ')}
     from payment_order where payment_order_id = :input::jsonb ->> 'id'`,
    { id: orderId },
  );
  return Object.fromEntries(Object.entries(row ?? {}).filter(([, value]) => value !== '0'));
}

async function balanceOf(kind: string) {
  const [row] = await database.execute(
    `select sum(posted_debits - posted_credits)::text as posted, sum(pending_debits - pending_credits)::text as pending
     from account_balance where account_kind = :input::jsonb ->> 'kind'`,
    { kind },
  );
  return row;
}

async function broken() {
  const scopes = ['payments', 'movements', 'transactions', 'whole'] as const;
  const checked = await Promise.all(
    scopes.map((scope) => checkRange(testDatabase.as('oncepay_operate'), scope, { after: '' })),
  );
  return checked.flatMap(({ violations }) => violations.map(({ invariant }) => invariant));
}

describe('an authorization', () => {
  test('is held until a capture takes a part and the rest is released, in any shard', async () => {
    const order = await authorizing();
    await record(
      attemptOf(
        order.orderId,
        order.instructionId,
        succeededBy('authorization', 100n, hold(100n, 'pending')),
      ),
      3,
    );
    expect(await amountsOf(order.orderId)).toEqual({ authorized: '100' });
    expect(await balanceOf('psp_receivable')).toEqual({ posted: '0', pending: '100' });
    expect(await balanceOf('seller_payable')).toEqual({ posted: '0', pending: '-100' });
    expect(await broken()).toEqual([]);

    const capture = await follow(order, 'capture', 60n, 'capture_pending');
    expect(await broken()).toEqual([]);
    const captured = [...hold(100n, 'voided'), ...hold(60n, 'posted'), ...hold(40n, 'pending')];
    const succeeded = {
      ...succeededBy('capture', 60n, captured, { capture_pending: -60n }),
      orderStatus: 'SUCCESS',
      orderStatusDetail: null,
    } as const;
    await record(attemptOf(order.orderId, capture, succeeded), 17);
    expect(await amountsOf(order.orderId)).toEqual({ authorized: '100', captured: '60' });
    expect(await balanceOf('psp_receivable')).toEqual({ posted: '60', pending: '40' });
    expect(await balanceOf('seller_payable')).toEqual({ posted: '-60', pending: '-40' });
    expect(await broken()).toEqual([]);
  });
});

describe('a record that runs twice', () => {
  test('books one movement, and adds to the amounts once', async () => {
    const order = await authorizing();
    const attempt = attemptOf(
      order.orderId,
      order.instructionId,
      succeededBy('authorization', 100n, hold(100n, 'pending')),
    );
    const rows = [await record(attempt), await record(attempt)].flat();
    expect(rows.map(({ is_applied }) => is_applied)).toEqual([true, true]);
    expect(await amountsOf(order.orderId)).toEqual({ authorized: '100' });
    const [{ count } = {}] = await database.execute(
      `select count(*)::int as count from movement where payment_order_id = :input::jsonb ->> 'id'`,
      { id: order.orderId },
    );
    expect(count).toBe(1);
  });
});

describe('two instructions of one order at once', () => {
  test('both add to its amounts', async () => {
    const order = await authorizing();
    await record(
      attemptOf(
        order.orderId,
        order.instructionId,
        succeededBy('authorization', 100n, hold(100n, 'pending')),
      ),
    );
    const captures = [
      await follow(order, 'capture', 30n, 'capture_pending'),
      await follow(order, 'capture', 20n, 'capture_pending'),
    ];
    const [first = '', second = ''] = captures;
    const taken = (amount: bigint) =>
      succeededBy('capture', amount, [...hold(amount, 'voided'), ...hold(amount, 'posted')], {
        capture_pending: -amount,
      });
    await Promise.all([
      record(attemptOf(order.orderId, first, taken(30n))),
      record(attemptOf(order.orderId, second, taken(20n))),
    ]);
    expect(await amountsOf(order.orderId)).toEqual({ authorized: '100', captured: '50' });
  });
});

test('a declined instruction gives back what was reserved for it, and books nothing', async () => {
  const order = await authorizing();
  const refund = await follow(order, 'refund', 20n, 'refund_pending');
  const declined = {
    ...ended('declined', 'EXECUTING', 'psp_requested'),
    amounts: { refund_pending: -20n },
  } as const;
  expect(await amountsOf(order.orderId)).toEqual({ refund_pending: '20' });
  await record(attemptOf(order.orderId, refund, declined));
  expect(await amountsOf(order.orderId)).toEqual({});
});

test('what would give back more than was reserved is refused, and waits for a person', async () => {
  const order = await authorizing();
  const refund = await follow(order, 'refund', 20n, 'refund_pending');
  const declined = {
    ...ended('declined', 'EXECUTING', 'psp_requested'),
    amounts: { refund_pending: -21n },
  } as const;
  expect(await record(attemptOf(order.orderId, refund, declined))).toMatchObject([{ state: 'quarantined' }]);
  expect(await amountsOf(order.orderId)).toEqual({ refund_pending: '20' });
});

describe('after an order has succeeded', () => {
  const taken = (amount: bigint): Transition => ({
    ...succeededBy('capture', amount, hold(amount, 'posted'), { capture_pending: -amount }),
    orderStatus: 'SUCCESS',
    orderStatusDetail: null,
    pspReference: `capture_${amount}`,
  });

  /** Authorized, and captured in part. */
  async function captured(): Promise<Authorized> {
    const order = await authorizing();
    const authorized = succeededBy('authorization', 100n, hold(100n, 'pending'));
    await record(attemptOf(order.orderId, order.instructionId, authorized));
    const capture = await follow(order, 'capture', 60n, 'capture_pending');
    const [row] = await record(attemptOf(order.orderId, capture, taken(60n)));
    expect(row).toMatchObject({ is_applied: true, order_changed: true });
    return order;
  }

  async function standingOf({ orderId }: Authorized) {
    const [row] = await database.execute(
      `select o.status, o.status_detail, o.failure, o.psp_reference, t.orders_succeeded, t.orders_failed
       from payment_order o join payment t using (payment_id) where o.payment_order_id = :input::jsonb ->> 'id'`,
      { id: orderId },
    );
    return row;
  }
  const SUCCEEDED = {
    status: 'SUCCESS',
    status_detail: null,
    failure: null,
    psp_reference: 'capture_60',
    orders_succeeded: 1,
    orders_failed: 0,
  };

  test('another capture of it is counted and reported as nothing new', async () => {
    const order = await captured();
    const capture = await follow(order, 'capture', 40n, 'capture_pending');
    const [row] = await record(attemptOf(order.orderId, capture, taken(40n)));
    expect(row).toMatchObject({ is_applied: true, order_changed: false });
    expect(await standingOf(order)).toEqual(SUCCEEDED);
    expect(await amountsOf(order.orderId)).toEqual({ authorized: '100', captured: '100' });
    expect(await broken()).toEqual([]);
  });

  test.each([
    ['declined', { captured: '60', authorized: '100' }],
    ['succeeded', { captured: '60', authorized: '100', refunded: '20' }],
  ] as const)('a refund that %s changes its amounts alone', async (outcome, amounts) => {
    const order = await captured();
    const refund = await follow(order, 'refund', 20n, 'refund_pending');
    const transition: Transition = {
      ...(outcome === 'declined'
        ? { ...ended('declined', null, null), amounts: { refund_pending: -20n } }
        : succeededBy('refund', 20n, hold(20n, 'posted'), { refund_pending: -20n })),
      orderStatus: null,
      failure: outcome === 'declined' ? { category: 'other', code: 'c', pspCode: 'p' } : null,
      pspReference: 're_1',
    };
    const [row] = await record(attemptOf(order.orderId, refund, transition));
    expect(row).toMatchObject({ is_applied: true, state: outcome, order_changed: false });
    expect(await standingOf(order)).toEqual(SUCCEEDED);
    expect(await amountsOf(order.orderId)).toEqual(amounts);
    expect(await broken()).toEqual([]);
  });
});
