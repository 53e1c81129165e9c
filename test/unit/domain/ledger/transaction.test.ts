import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chargePosting } from '../../../../domain/ledger/charge-postings.ts';
import { balanced } from '../../../../domain/ledger/transaction.ts';

const split = fc.record({
  sellerId: fc.string({ minLength: 1 }),
  amountMinor: fc.bigInt({ min: 1n, max: 2n ** 50n }),
});

describe('a charge', () => {
  test('is one debit of the amount and one credit per seller, and balances', () => {
    fc.assert(
      fc.property(fc.array(split, { minLength: 1, maxLength: 50 }), (splits) => {
        const amountMinor = splits.reduce((sum, part) => sum + part.amountMinor, 0n);
        const { entries, postingType } = chargePosting({ psp: 'p', currency: 'KRW', amountMinor, splits });
        const sum = (direction: string) =>
          entries
            .filter((entry) => entry.direction === direction)
            .reduce((total, entry) => total + entry.amountMinor, 0n);
        expect(postingType).toBe('charge');
        expect(sum('debit')).toBe(amountMinor);
        expect(sum('credit')).toBe(amountMinor);
        expect(entries[0]).toEqual({
          account: { kind: 'psp_receivable', owner: 'p', currency: 'KRW' },
          direction: 'debit',
          phase: 'posted',
          amountMinor,
        });
        expect(
          entries
            .slice(1)
            .map((entry) => [
              entry.account.kind,
              entry.account.owner,
              entry.account.currency,
              entry.direction,
              entry.amountMinor,
            ]),
        ).toEqual(splits.map((part) => ['seller_payable', part.sellerId, 'KRW', 'credit', part.amountMinor]));
      }),
    );
  });

  test('whose splits don’t sum to it is refused', () => {
    const splits = [{ sellerId: 's', amountMinor: 99n }];
    expect(() => chargePosting({ psp: 'p', currency: 'KRW', amountMinor: 100n, splits })).toThrow(
      'splits sum to 99, not 100',
    );
  });
});

describe('a transaction', () => {
  const account = { kind: 'seller_payable', owner: 's', currency: 'KRW' } as const;
  test.each([
    [
      'with one entry',
      [{ account, direction: 'debit', phase: 'posted', amountMinor: 1n }],
      'at least two entries',
    ],
    [
      'that doesn’t balance',
      [
        { account, direction: 'debit', phase: 'posted', amountMinor: 2n },
        { account, direction: 'credit', phase: 'posted', amountMinor: 1n },
      ],
      'differ by 1 KRW',
    ],
    [
      'that balances only across currencies',
      [
        { account, direction: 'debit', phase: 'posted', amountMinor: 1n },
        { account: { ...account, currency: 'USD' }, direction: 'credit', phase: 'posted', amountMinor: 1n },
      ],
      'differ by 1 KRW',
    ],
    [
      'that balances only across phases',
      [
        { account, direction: 'debit', phase: 'posted', amountMinor: 1n },
        { account, direction: 'credit', phase: 'pending', amountMinor: 1n },
      ],
      'differ by 1 KRW posted',
    ],
    [
      'with an entry of zero',
      [
        { account, direction: 'debit', phase: 'posted', amountMinor: 0n },
        { account, direction: 'credit', phase: 'posted', amountMinor: 0n },
      ],
      'greater than zero, not 0',
    ],
  ] as const)('%s is refused', (_what, entries, message) => {
    expect(() => balanced({ source: 'movement', postingType: 'charge', entries })).toThrow(message);
  });
});
