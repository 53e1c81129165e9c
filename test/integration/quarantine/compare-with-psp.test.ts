import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import type { NewOrder } from '../../../adapters/database/statements/accept-payment.ts';
import { listClosings } from '../../../adapters/database/statements/compare-with-psp.ts';
import { closePoison } from '../../../adapters/database/statements/quarantine.ts';
import { poisonIdOf, registerPoison } from '../../../adapters/database/statements/register-poison.ts';
import { checkPsp } from '../../../cli/verify/psp.ts';
import type { ChargeAtPsp } from '../../../cli/verify/psp-comparison.ts';
import { closeQuarantinedInstruction, type Evidence } from '../../../operations/close-quarantined.ts';
import { ExecutorHarness, recordOf, ScriptedPsp } from '../../support/executor.ts';
import { newOrder, type OrderOptions, storePayment } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

const ANN = { actor: 'ann', reason: 'says the portal', origin: 'here' };

let testDatabase: TestDatabase;
let operate: Database;
/** What the two PSPs hold, oldest first. */
const held: Record<string, ChargeAtPsp[]> = { simulator: [], simulator_2: [] };

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  operate = testDatabase.as('oncepay_operate');
});
afterAll(() => testDatabase.drop());

/** The control address of both PSPs: a page holds three charges, however many are asked for. */
const control = {
  get: async (path: string) => {
    const query = new URL(path, 'http://psp').searchParams;
    const charges = (held[query.get('psp') ?? ''] ?? []).toReversed();
    const from = Number(query.get('cursor') ?? 0);
    const next = from + 3 < charges.length ? String(from + 3) : null;
    return { charges: charges.slice(from, from + 3), total: charges.length, next_cursor: next };
  },
};

const found = async () =>
  Object.fromEntries(
    (await checkPsp({ database: operate }, control)).map(({ invariant, count, examples, advice }) => {
      expect(advice).toEqual(expect.any(String));
      return [invariant, { count, examples }];
    }),
  );

/** An order that its PSP charged, and, unless it took what was asked for, waits for a person. */
async function charge(more: Partial<ChargeAtPsp> = {}, options: OrderOptions = {}): Promise<NewOrder> {
  const order = newOrder(options);
  await storePayment(testDatabase.as('oncepay_accept'), order);
  const psp = new ScriptedPsp(order.pspAccount);
  psp.onCharge = async ({ reference, amountMinor, currency }) => {
    const asked = { id: `ch_${reference}`, reference, amount: Number(amountMinor), currency };
    const taken = { ...asked, ...more };
    held[order.pspAccount]?.push({ ...taken, reference });
    const amount = { amountMinor: BigInt(taken.amount), currency: taken.currency };
    return {
      kind: 'succeeded',
      charge: { pspReference: taken.id, reference: taken.reference, ...amount },
    };
  };
  await new ExecutorHarness(testDatabase.as('oncepay_execute'), psp).execute(recordOf(order));
  return order;
}

async function close(order: NewOrder, evidence: Evidence): Promise<string> {
  const { instructionId, paymentOrderId } = order;
  expect(await closeQuarantinedInstruction(operate, instructionId, evidence, ANN)).toBeDefined();
  return paymentOrderId;
}

const asCharged = (order: NewOrder, pspReference = `ch_${order.paymentOrderId}`) =>
  close(order, { kind: 'charged', pspReference });

/** Of an order whose PSP answered for another reference, and charged it as it should. */
const misheard = (options: OrderOptions = {}) => charge({ reference: 'another' }, options);

test('a comparison finds nothing where what persons closed is what the PSPs hold, over all their pages', async () => {
  for (const psp of ['simulator', 'simulator_2']) {
    for (let orders = 0; orders < 5; orders += 1) await charge({}, { pspAccount: psp });
    await asCharged(await misheard({ pspAccount: psp }));
  }
  const neverArrived = await misheard();
  held.simulator?.pop();
  await close(neverArrived, { kind: 'not_charged' });
  // Waits for a person: nobody has said anything yet.
  await charge({ amount: 1 });
  const body = 'a message that was written by nobody';
  await registerPoison(testDatabase.as('oncepay_execute'), [{ body, messageId: '1', reason: 'unparseable' }]);
  expect(await closePoison(operate, poisonIdOf(body), ANN)).toBe(true);
  expect(await found()).toEqual({});
});

test('every closing is listed with its order, PSP, end, name and reason, newest first, and no message', async () => {
  const closings = await listClosings(operate, 100);
  expect(closings.map(({ psp, status }) => [psp, status])).toEqual([
    ['simulator', 'FAILED'],
    ['simulator_2', 'SUCCESS'],
    ['simulator', 'SUCCESS'],
  ]);
  expect(closings[0]).toMatchObject({ actor: 'ann', reason: 'says the portal' });
  expect(await listClosings(operate, 1)).toHaveLength(1);
});

test('a comparison finds orders closed against the PSPs’ record, with the operator', async () => {
  const uncharged = await misheard();
  held.simulator?.pop();
  await asCharged(uncharged);
  const less = await asCharged(await charge({ amount: 14_999 }, { pspAccount: 'simulator_2' }));
  const otherCurrency = await asCharged(await charge({ currency: 'USD' }));
  const misnamed = await asCharged(await misheard(), 'ch_typed');
  const paid = await close(await misheard({ pspAccount: 'simulator_2' }), { kind: 'not_charged' });

  const charged = '(closed as charged by ann: says the portal)';
  expect(await found()).toEqual({
    'an order failed, and the PSP holds its charge': {
      count: 1,
      examples: [`${paid}: ch_${paid} took 15,000 KRW (closed as not charged by ann: says the portal)`],
    },
    'an order succeeded, and the PSP holds no charge for it': {
      count: 1,
      examples: [`${uncharged.paymentOrderId} ${charged}`],
    },
    'an order succeeded, and the PSP took another amount or currency': {
      count: 2,
      examples: [
        `${otherCurrency}: booked are 15,000 KRW, ch_${otherCurrency} took 150.00 USD ${charged}`,
        `${less}: booked are 15,000 KRW, ch_${less} took 14,999 KRW ${charged}`,
      ],
    },
    'an order succeeded, and names another charge than the PSP holds for it': {
      count: 1,
      examples: [`${misnamed}: it names ch_typed, the PSP holds ch_${misnamed} ${charged}`],
    },
  });
});
