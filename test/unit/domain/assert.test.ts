import { expect, test } from 'vitest';
import { AssertionError, assert, unreachable } from '../../../domain/assert.ts';
import { healthOf } from '../../../domain/payment/circuit.ts';
import { decide } from '../../../domain/payment/decide.ts';

test('what holds is passed by in silence', () => {
  expect(() => assert(true, 'one is one')).not.toThrow();
});

test('what does not hold is thrown, named as a bug and saying what should have held', () => {
  expect(() => assert(false, 'one is one')).toThrow(new AssertionError('one is one'));
  expect(new AssertionError('x').name).toBe('AssertionError');
});

test('a case that cannot be is thrown with what it was', () => {
  expect(() => unreachable({ kind: 'unheard_of' } as never)).toThrow(
    new AssertionError('unreachable case: {"kind":"unheard_of"}'),
  );
});

test.each([
  ['a PSP’s health', (unheardOf: never) => healthOf(unheardOf)],
  ['an observation', (unheardOf: never) => decide(unheardOf, unheardOf)],
  [
    'an outcome',
    (unheardOf: never) => decide(unheardOf, { kind: 'answered', outcome: unheardOf, sent: true }),
  ],
])('%s of a kind unheard of is a bug, and decided to be nothing', (_what, decideOn) => {
  expect(() => decideOn({ kind: 'unheard_of' } as never)).toThrow('unreachable case: {"kind":"unheard_of"}');
});
