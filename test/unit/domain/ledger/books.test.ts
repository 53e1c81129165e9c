import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LedgerEvent, POSTINGS } from '../../../../domain/ledger/posting.ts';
import { lived, problemsOf, RULES, someDraws } from './lives.ts';

/** Some seconds of a processor, which others use too. */
const LIMIT_MS = 30_000;

describe('whatever happens to an order', { timeout: LIMIT_MS }, () => {
  test('the books balance, say what the PSP, the bank and the sellers have, and are cleared at the end', () => {
    fc.assert(
      fc.property(someDraws, (draws) => {
        expect(problemsOf(RULES, draws)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('was lived: the lives have every event, but for what posts nothing by itself', () => {
    const posted = new Set<string>();
    for (const draws of fc.sample(someDraws, { numRuns: 300, seed: 1 }))
      for (const event of lived(RULES, draws).posted) posted.add(event);
    const missing = Object.keys(POSTINGS).filter((event) => !posted.has(event));
    expect(missing).toEqual(['outcome_unknown', 'transaction_reversed'] satisfies LedgerEvent[]);
  });
});
