import { describe, expect, test } from 'vitest';
import type { BookedOrder, Closing } from '../../../adapters/database/statements/compare-with-psp.ts';
import { type ChargeAtPsp, PSP_DIFFERENCES, PspComparison } from '../../../cli/verify/psp-comparison.ts';

const charge = (reference: string, more: Partial<ChargeAtPsp> = {}): ChargeAtPsp => ({
  id: `ch_${reference}`,
  reference,
  amount: 1_000,
  currency: 'KRW',
  ...more,
});

const order = (id: string, more: Partial<BookedOrder> = {}): BookedOrder => ({
  payment_order_id: id,
  status: 'SUCCESS',
  amount_minor: 1_000n,
  currency: 'KRW',
  psp_reference: `ch_${id}`,
  ...more,
});

const closing = (id: string, status: Closing['status']): Closing => ({
  payment_order_id: id,
  psp: 'simulator',
  status,
  actor: 'ann',
  reason: 'says the portal',
});

interface Given {
  readonly charges?: readonly ChargeAtPsp[];
  readonly orders?: readonly BookedOrder[];
  readonly closings?: readonly Closing[];
  /** How many orders have succeeded; those that are given, unless it is said. */
  readonly succeeded?: number;
}

/** Every charge in a page of its own, newest first, as a PSP shows them. */
function compare({ charges = [], orders = [], closings = [], succeeded }: Given) {
  const count = succeeded ?? orders.filter(({ status }) => status === 'SUCCESS').length;
  const comparison = new PspComparison(new Map(closings.map((each) => [each.payment_order_id, each])), count);
  const books = new Map(orders.map((each) => [each.payment_order_id, each]));
  for (const each of charges) comparison.add([each], books);
  comparison.end();
  return Object.fromEntries(
    PSP_DIFFERENCES.map((difference) => [difference, comparison.found(difference)] as const).filter(
      ([, { count }]) => count > 0,
    ),
  );
}

const ANN_CHARGED = ' (closed as charged by ann: says the portal)';
const ANN_NOT_CHARGED = ' (closed as not charged by ann: says the portal)';

describe('a PSP’s record and the books agree', () => {
  test('if each order that succeeded has its charge, whether a PSP or an operator closed it', () => {
    const found = compare({
      charges: [charge('a'), charge('b')],
      orders: [order('a'), order('b'), order('c', { status: 'FAILED' })],
      closings: [closing('b', 'SUCCESS'), closing('c', 'FAILED')],
    });
    expect(found).toEqual({});
  });

  test('about a charge whose order is open or in manual review', () => {
    const waits = order('a', { status: 'EXECUTING', psp_reference: null });
    expect(compare({ charges: [charge('a', { amount: 999 })], orders: [waits] })).toEqual({});
  });

  test('where orders have succeeded since they were counted', () => {
    expect(
      compare({ charges: [charge('a'), charge('b')], orders: [order('a'), order('b')], succeeded: 1 }),
    ).toEqual({});
  });
});

describe('an order that a person closed as charged', () => {
  const closings = [closing('a', 'SUCCESS')];

  test('differs where the PSP holds no charge for it, and is named; traffic doesn’t hide it', () => {
    const found = compare({ charges: [charge('b')], orders: [order('b')], closings, succeeded: 1 });
    expect(found).toEqual({ uncharged: { count: 1, examples: [`a${ANN_CHARGED}`] } });
  });

  test.each([
    [{ amount: 999 }, 'ch_a took 999 KRW'],
    [{ amount: 1_001 }, 'ch_a took 1,001 KRW'],
    [{ currency: 'USD' }, 'ch_a took 10.00 USD'],
  ])('differs where the PSP took %j', (more, taken) => {
    const found = compare({ charges: [charge('a', more)], orders: [order('a')], closings });
    const example = `a: booked are 1,000 KRW, ${taken}${ANN_CHARGED}`;
    expect(found).toEqual({ differing: { count: 1, examples: [example] } });
  });

  test('differs where it names another charge than the PSP holds, and then by its money too', () => {
    const misnamed = order('a', { psp_reference: 'ch_typed' });
    const example = `a: it names ch_typed, the PSP holds ch_a${ANN_CHARGED}`;
    expect(compare({ charges: [charge('a')], orders: [misnamed], closings })).toEqual({
      misnamed: { count: 1, examples: [example] },
    });
    expect(compare({ charges: [charge('a', { amount: 1 })], orders: [misnamed], closings })).toMatchObject({
      misnamed: { count: 1 },
      differing: { count: 1, examples: [`a: booked are 1,000 KRW, ch_a took 1 KRW${ANN_CHARGED}`] },
    });
  });

  test.each([['ch_1'], ['ch_2']])(
    'and charged twice is compared with the charge that it names, %s, in whatever order they come',
    (named) => {
      const charges = [charge('a', { id: 'ch_2' }), charge('a', { id: 'ch_1' })];
      const found = compare({ charges, orders: [order('a', { psp_reference: named })], closings });
      const example = `a: ch_1 took 1,000 KRW${ANN_CHARGED}`;
      expect(found).toEqual({ repeated: { count: 1, examples: [example] } });
    },
  );

  test('and charged twice differs where the one that it names is of another amount', () => {
    const charges = [charge('a', { id: 'ch_2' }), charge('a', { id: 'ch_1', amount: 7 })];
    const found = compare({ charges, orders: [order('a', { psp_reference: 'ch_1' })], closings });
    expect(found).toMatchObject({ repeated: { count: 1 }, differing: { count: 1 } });
    expect(found.misnamed).toBeUndefined();
  });
});

describe('an order that a person closed as not charged', () => {
  test('differs where the PSP holds a charge for it', () => {
    const found = compare({
      charges: [charge('a')],
      orders: [order('a', { status: 'FAILED' })],
      closings: [closing('a', 'FAILED')],
    });
    const example = `a: ch_a took 1,000 KRW${ANN_NOT_CHARGED}`;
    expect(found).toEqual({ failed: { count: 1, examples: [example] } });
  });
});

describe('an order that was not closed by hand', () => {
  test('is compared by the same rules', () => {
    const found = compare({
      charges: [charge('a', { amount: 1 }), charge('b', { id: 'ch_x' }), charge('c'), charge('d')],
      orders: [order('a'), order('b'), order('c', { status: 'FAILED' })],
    });
    expect(found).toEqual({
      differing: { count: 1, examples: ['a: booked are 1,000 KRW, ch_a took 1 KRW'] },
      misnamed: { count: 1, examples: ['b: it names ch_b, the PSP holds ch_x'] },
      failed: { count: 1, examples: ['c: ch_c took 1,000 KRW'] },
      unbooked: { count: 1, examples: ['d: ch_d took 1,000 KRW'] },
    });
  });

  test('is counted where the PSP holds no charge for it', () => {
    expect(compare({ charges: [charge('a')], orders: [order('a')], succeeded: 3 })).toEqual({
      uncharged: { count: 2, examples: [] },
    });
  });
});
