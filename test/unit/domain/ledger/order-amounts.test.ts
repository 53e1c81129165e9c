import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MOVEMENT_KINDS, type Movement, movementNameOf } from '../../../../domain/ledger/movement.ts';
import {
  addAmounts,
  amountsMoved,
  foldMovements,
  NO_AMOUNTS,
  ORDER_AMOUNTS,
} from '../../../../domain/ledger/order-amounts.ts';

const moved = (kind: Movement['kind'], amountMinor: bigint): Movement => ({
  kind,
  amountMinor,
  currency: 'KRW',
});
const movement = fc
  .record({ kind: fc.constantFrom(...MOVEMENT_KINDS), amountMinor: fc.bigInt({ min: 1n, max: 2n ** 53n }) })
  .map(({ kind, amountMinor }) => moved(kind, amountMinor));
const open = fc.record({
  operation: fc.constantFrom('charge' as const, 'authorize' as const, 'capture' as const, 'refund' as const),
  amountMinor: fc.bigInt({ min: 1n, max: 2n ** 53n }),
});

describe('an order’s amounts', () => {
  test('are zero before anything moved', () => {
    expect(foldMovements([], [])).toEqual(NO_AMOUNTS);
  });

  test('are authorized and captured at once by a plain charge', () => {
    expect(foldMovements([moved('charge', 100n)], [])).toEqual({
      ...NO_AMOUNTS,
      authorized: 100n,
      captured: 100n,
    });
  });

  test('follow an authorization through captures, its release, a refund and what the PSP takes back', () => {
    const history = [
      moved('authorization', 100n),
      moved('capture', 60n),
      moved('capture', 10n),
      moved('authorization_release', 30n),
      moved('refund', 20n),
      moved('refund_failure', 20n),
      moved('refund', 5n),
      moved('dispute', 40n),
      moved('dispute_reversal', 40n),
      moved('charge_reversal', 10n),
    ];
    expect(foldMovements(history, [])).toEqual({
      ...NO_AMOUNTS,
      authorized: 100n,
      released: 30n,
      captured: 70n,
      refunded: 5n,
      reversed: 10n,
    });
  });

  test.each([
    ['capture', { capture_pending: 7n }],
    ['void', { capture_pending: 7n }],
    ['refund', { refund_pending: 7n }],
    ['charge', {}],
    ['authorize', {}],
  ] as const)('reserve what an open %s may take', (operation, reserved) => {
    expect(foldMovements([], [{ operation, amountMinor: 7n }])).toEqual({ ...NO_AMOUNTS, ...reserved });
  });

  test.each([
    'fee',
    'fee_credit',
    'reserve',
    'reserve_release',
    'payout',
    'payout_failure',
    'adjustment',
  ] as const)('are not changed by a %s', (kind) => {
    expect(foldMovements([moved(kind, 7n)], [])).toEqual(NO_AMOUNTS);
  });

  test('are the same in whatever order the movements are told', () => {
    fc.assert(
      fc.property(
        fc.array(movement),
        fc.array(open),
        fc.infiniteStream(fc.nat()),
        (history, reserved, draws) => {
          const shuffled = history
            .map((each) => ({ each, at: Number(draws.next().value) }))
            .toSorted((one, other) => one.at - other.at)
            .map(({ each }) => each);
          expect(foldMovements(shuffled, reserved.toReversed())).toEqual(foldMovements(history, reserved));
        },
      ),
    );
  });

  test('are the sum of the deltas that the database adds, one movement after the other', () => {
    fc.assert(
      fc.property(fc.array(movement), (history) => {
        const added = history.map(amountsMoved).reduce(addAmounts, NO_AMOUNTS);
        expect(added).toEqual(foldMovements(history, []));
        expect(Object.keys(added)).toEqual([...ORDER_AMOUNTS]);
      }),
    );
  });
});

describe('a movement’s name', () => {
  test('is that of our instruction and the kind, whatever the PSP calls it', () => {
    const own = { origin: 'own', instructionId: 'ins_1' } as const;
    expect(movementNameOf(own, 'refund')).not.toBe(movementNameOf(own, 'refund_failure'));
    expect(movementNameOf(own, 'refund')).toBe(movementNameOf({ ...own }, 'refund'));
  });

  test('is that of the PSP’s entry, its account and the kind, where no instruction of ours moved it', () => {
    const entry = { origin: 'psp', pspAccount: 'a', pspEntryId: 'txn_1' } as const;
    const names = [
      movementNameOf(entry, 'fee'),
      movementNameOf(entry, 'refund'),
      movementNameOf({ ...entry, pspAccount: 'b' }, 'fee'),
      movementNameOf({ ...entry, pspEntryId: 'txn_2' }, 'fee'),
      movementNameOf({ ...entry, pspAccount: 'a","txn', pspEntryId: '1' }, 'fee'),
    ];
    expect(new Set(names).size).toBe(names.length);
  });
});
