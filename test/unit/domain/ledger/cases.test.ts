import { expect, test } from 'vitest';
import { balancesOf, postedBalance } from '../../../../domain/ledger/balances.ts';
import { POSTINGS } from '../../../../domain/ledger/posting.ts';
import type { LedgerTransaction } from '../../../../domain/ledger/transaction.ts';
import { allocateNext } from '../../../../domain/money/allocation.ts';

/** What went wrong elsewhere, by published issues of payment systems. */
const card = { psp: 'card_kr', currency: 'KRW' };
const order = { ...card, amountMinor: 100n, splits: [{ sellerId: 'anna', amountMinor: 100n }] };
const held = { ...card, held: order.splits };
const part = (amountMinor: bigint) => ({ ...card, amountMinor, splits: [{ sellerId: 'anna', amountMinor }] });

/** The posted balance, or what is held, of each account of a kind. */
function booksAfter(...transactions: readonly (LedgerTransaction | null)[]) {
  const balances = balancesOf(transactions.flatMap((each) => each?.entries ?? []));
  const of = (kind: string) => balances.filter(({ account }) => account.kind === kind);
  return {
    posted: (kind: string) => of(kind).reduce((sum, balance) => sum + postedBalance(balance), 0n),
    held: (kind: string) => of(kind).reduce((sum, { pendingCredits }) => sum + pendingCredits, 0n),
  };
}

test('the rest of a hold was neither voided nor tracked after a partial capture', () => {
  const partial = { ...held, ...part(40n), isFinal: false };
  const before = booksAfter(POSTINGS.authorized(held), POSTINGS.captured(partial));
  expect([before.posted('seller_payable'), before.held('seller_payable')]).toEqual([40n, 60n]);
  const released = POSTINGS.authorization_released({
    ...card,
    held: [{ sellerId: 'anna', amountMinor: 60n }],
  });
  const after = booksAfter(POSTINGS.authorized(held), POSTINGS.captured(partial), released);
  expect([after.posted('seller_payable'), after.held('seller_payable')]).toEqual([40n, 0n]);
});

test('a refund that failed days after its success was given back to the seller in silence', () => {
  const books = booksAfter(
    POSTINGS.charged(order),
    POSTINGS.refund_requested(part(30n)),
    POSTINGS.refund_succeeded({ ...card, amountMinor: 30n }),
    POSTINGS.refund_failed_after_success({ ...card, amountMinor: 30n }),
  );
  expect(books.posted('seller_payable')).toBe(70n);
  expect(books.posted('buyer_refund_payable')).toBe(30n);
  expect(books.posted('psp_receivable')).toBe(100n);
});

test('a capture failed after its success, and its order stayed paid in the books', () => {
  const capture = POSTINGS.captured({ ...held, ...order, isFinal: true });
  const books = booksAfter(POSTINGS.authorized(held), capture, POSTINGS.charge_reversed(order));
  expect([books.posted('seller_payable'), books.posted('psp_receivable')]).toEqual([0n, 0n]);
});

test('a direct debit that was returned was booked as a card dispute', () => {
  const books = booksAfter(POSTINGS.charged(order), POSTINGS.charge_reversed(order));
  expect([books.posted('dispute_receivable'), books.posted('psp_receivable')]).toEqual([0n, 0n]);
});

test('a refund made in the dashboard beside our own was booked against the reservation of ours', () => {
  const books = booksAfter(
    POSTINGS.charged(order),
    POSTINGS.refund_requested(part(30n)),
    POSTINGS.unreserved_refund_succeeded(part(20n)),
  );
  expect([books.posted('refund_clearing'), books.posted('seller_payable')]).toEqual([30n, 50n]);
});

test('an inquiry was treated as a chargeback', () => {
  expect(POSTINGS.dispute_inquiry(card)).toBeNull();
});

test('a second chargeback after a win was refused as a duplicate', () => {
  const opened = POSTINGS.dispute_opened(order);
  const won = POSTINGS.dispute_won({ ...order, disputedMinor: 100n });
  const books = booksAfter(POSTINGS.charged(order), opened, won, opened);
  expect([books.posted('dispute_reserve'), books.posted('seller_payable')]).toEqual([100n, 0n]);
  // Each is a movement of its own, by which a posting is unique.
  expect(opened.source).toBe('movement');
});

test('a refund after a failed one was taken from the seller twice', () => {
  const splits = [{ sellerId: 'anna', amountMinor: 30n, instead: 'buyer_refund_payable' as const }];
  const books = booksAfter(
    POSTINGS.charged(order),
    POSTINGS.refund_requested(part(30n)),
    POSTINGS.refund_succeeded({ ...card, amountMinor: 30n }),
    POSTINGS.refund_failed_after_success({ ...card, amountMinor: 30n }),
    POSTINGS.refund_requested({ ...card, amountMinor: 30n, splits }),
    POSTINGS.refund_succeeded({ ...card, amountMinor: 30n }),
  );
  expect([books.posted('seller_payable'), books.posted('buyer_refund_payable')]).toEqual([70n, 0n]);
});

test('rounding made the share of the marketplace negative', () => {
  const portions = [
    { sellerId: 'a', totalMinor: 6n, usedMinor: 4n },
    { sellerId: 'b', totalMinor: 6n, usedMinor: 4n },
    { sellerId: 'marketplace', totalMinor: 2n, usedMinor: 2n },
  ];
  expect(allocateNext(1n, portions).filter(({ amountMinor }) => amountMinor < 0n)).toEqual([]);
});
