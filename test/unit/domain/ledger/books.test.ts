import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { problemsOf, RULES, someDraws } from './lives.ts';

describe('whatever happens to an order', () => {
  test('the books balance, say what the PSP, the bank and the sellers have, and are cleared at the end', () => {
    fc.assert(
      fc.property(someDraws, (draws) => {
        expect(problemsOf(RULES, draws)).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
});
