import fc from 'fast-check';
import { expect, test } from 'vitest';
import { disputeOpenedPosting } from '../../../../domain/ledger/dispute-postings.ts';
import { POSTINGS } from '../../../../domain/ledger/posting.ts';
import {
  credit,
  debit,
  type LedgerTransaction,
  ofPlatform,
  ofPsp,
  ofSeller,
  post,
  type SharedMoney,
} from '../../../../domain/ledger/transaction.ts';
import { allocate } from '../../../../domain/money/allocation.ts';
import type { Rules } from './life.ts';
import { problemsOf, RULES, someDraws } from './lives.ts';

const postings = (mistake: Partial<Rules['postings']>): Rules => ({
  ...RULES,
  postings: { ...POSTINGS, ...mistake },
});

const MISTAKES: readonly (readonly [mistake: string, rules: Rules, found: RegExp])[] = [
  [
    'a refund that failed after its success is booked to the seller',
    postings({
      refund_failed_after_success: (refund) =>
        post(
          'movement',
          'refund_failure',
          debit(ofPsp('psp_receivable', refund), refund.amountMinor),
          credit(ofSeller('seller_payable', { ...refund, sellerId: 'anna' }), refund.amountMinor),
        ),
    }),
    /buyer_refund_payable:psp_1 is 0, not \d+/,
  ],
  [
    'each part of an amount is rounded alone',
    {
      ...RULES,
      allocateNext: (amountMinor, portions) => {
        const parts = allocate(
          amountMinor,
          portions.map(({ totalMinor }) => totalMinor),
        );
        return portions.map(({ sellerId }, index) => ({ sellerId, amountMinor: parts[index] ?? 0n }));
      },
    },
    /was refunded of the/,
  ],
  [
    'a fee is kept when a hold is voided',
    postings({
      authorization_released: (hold) => {
        const seller = { sellerId: hold.held[0]?.sellerId ?? '', currency: hold.currency };
        return post(
          'movement',
          'authorization_release',
          ...POSTINGS.authorization_released(hold).entries,
          debit(ofSeller('seller_payable', seller), 3n),
          credit(ofPlatform('platform_fee_revenue', hold), 3n),
        );
      },
    }),
    /platform_fee_revenue:platform is 3, not 0/,
  ],
  [
    'an inquiry is booked as a dispute',
    postings({ dispute_inquiry: (facts) => disputeOpenedPosting(facts as SharedMoney) }),
    /dispute_receivable:psp_1 is \d+, not 0/,
  ],
  [
    'all of a loss is written off, and not what the seller can’t cover',
    postings({
      seller_debt_written_off: (loss): LedgerTransaction =>
        post(
          'operation',
          'seller_debt_written_off',
          debit(ofSeller('seller_debt_loss', loss), loss.lostMinor),
          credit(ofSeller('seller_payable', loss), loss.lostMinor),
        ),
    }),
    /seller_(debt_loss|payable):\w+ is -?\d+, not -?\d+/,
  ],
  [
    'a hold is released twice',
    postings({
      captured: (capture) => {
        const { entries } = POSTINGS.captured(capture);
        return post('movement', 'capture', ...entries, ...entries.filter(({ phase }) => phase === 'voided'));
      },
    }),
    /the hold of .* is below zero/,
  ],
  [
    'a partial capture releases the rest of the hold',
    postings({ captured: (capture) => POSTINGS.captured({ ...capture, isFinal: true }) }),
    /0 is held, not \d+/,
  ],
  ['a late win is lost', postings({ dispute_won_late: () => null }), /psp_receivable:psp_1 is/],
  [
    'a dispute and its loss are posted under one name',
    postings({
      dispute_opened: (dispute) => ({ ...disputeOpenedPosting(dispute), postingType: 'dispute_lost' }),
    }),
    /movement source_\d+ dispute_lost is posted twice/,
  ],
];

test.each(MISTAKES)('found, if planted: %s', (_mistake, rules, found) => {
  const lives = fc.property(someDraws, (draws) => !problemsOf(rules, draws).some((one) => found.test(one)));
  expect(fc.check(lives, { numRuns: 1_000, seed: 1, endOnFailure: true }).failed).toBe(true);
});
