import { expect, test } from 'vitest';
import { matchLine } from '../../../../domain/ledger/settlement.ts';

test.each([
  ['that we have booked is matched', { kind: 'refund', amountMinor: -5n }, -5n, { kind: 'matched' }],
  [
    'that we hadn’t heard of is booked as what it is, not as a shortage',
    { kind: 'fee', amountMinor: -5n },
    undefined,
    { kind: 'unbooked', movement: 'fee' },
  ],
  [
    'of another amount than we have booked leaves the difference unexplained',
    { kind: 'charge', amountMinor: 95n },
    100n,
    { kind: 'unexplained', amountMinor: -5n },
  ],
  [
    'of a kind that we don’t know is unexplained',
    { kind: null, amountMinor: 7n },
    undefined,
    { kind: 'unexplained', amountMinor: 7n },
  ],
  [
    'of a kind that we don’t know, once booked, is matched',
    { kind: null, amountMinor: 7n },
    7n,
    { kind: 'matched' },
  ],
  ['of nothing is matched', { kind: null, amountMinor: 0n }, undefined, { kind: 'matched' }],
] as const)('a line %s', (_what, line, bookedMinor, match) => {
  expect(matchLine(line, bookedMinor)).toEqual(match);
});
