import { POSTINGS } from '../../../../domain/ledger/posting.ts';
import type { LedgerTransaction } from '../../../../domain/ledger/transaction.ts';
import { allocateDispute, allocateNext, type Portion } from '../../../../domain/money/allocation.ts';
import { feeOfCapture, feeOfRefund } from '../../../../domain/money/platform-fee.ts';
import { type Split, sumOf } from '../../../../domain/money/split.ts';

/** Something that happens, in a sentence, and what it posts. */
export interface Step {
  readonly what: string;
  readonly posts: LedgerTransaction | null;
}

const CARD = { psp: 'card_kr', currency: 'KRW' };
const SELLERS = ['anna', 'ben'] as const;
const money = (amountMinor: bigint) => ({ ...CARD, amountMinor });
const shared = (splits: readonly Split[]) => ({ ...money(sumOf(splits)), splits });
const amountOf = (splits: readonly Split[], sellerId: string) =>
  sumOf(splits.filter((split) => split.sellerId === sellerId));
const portions = (totals: readonly Split[], used: readonly Split[]): readonly Portion[] =>
  totals.map(({ sellerId, amountMinor }) => ({
    sellerId,
    totalMinor: amountMinor,
    usedMinor: amountOf(used, sellerId),
  }));

/** The shares, computed as the product computes them. */
export const ORDER: readonly Split[] = [
  { sellerId: 'anna', amountMinor: 7_000n },
  { sellerId: 'ben', amountMinor: 3_000n },
];
const FEE_RATE = { fixedMinor: 100n, basisPoints: 500n };
export const FEE = feeOfCapture(
  FEE_RATE,
  ORDER.map(({ sellerId, amountMinor }) => ({ sellerId, capturedMinor: amountMinor, feeMinor: 0n })),
);
export const REFUND = allocateNext(1_001n, portions(ORDER, []));
export const FEE_BACK = feeOfRefund(
  SELLERS.map((sellerId) => ({
    sellerId,
    capturedMinor: amountOf(ORDER, sellerId),
    feeMinor: amountOf(FEE, sellerId),
    refundedMinor: amountOf(REFUND, sellerId),
    returnedMinor: 0n,
  })),
);
export const DISPUTE = allocateDispute(9_500n, portions(ORDER, REFUND));
const PSP_FEE = { ...money(300n), taxMinor: 30n };
const DISPUTE_FEE = { ...money(1_500n), taxMinor: 150n };
const SETTLED = money(sumOf(ORDER) - 330n - sumOf(REFUND));
const OWED_TO_PSP = money(sumOf(DISPUTE) + 1_650n);

/** What a seller has after the sale, the fee and the refund. */
const walletOf = (sellerId: (typeof SELLERS)[number]) =>
  amountOf(ORDER, sellerId) -
  amountOf(FEE, sellerId) -
  amountOf(REFUND, sellerId) +
  amountOf(FEE_BACK, sellerId);
const payout = (sellerId: (typeof SELLERS)[number]) => ({
  sellerId,
  currency: 'KRW',
  amountMinor: walletOf(sellerId),
  psp: null,
});

export const LIFE: readonly Step[] = [
  {
    what: 'The buyer authorizes 10,000: 7,000 for anna, 3,000 for ben.',
    posts: POSTINGS.authorized({ ...CARD, held: ORDER }),
  },
  {
    what: 'All of it is captured.',
    posts: POSTINGS.captured({ ...shared(ORDER), held: ORDER, isFinal: true }),
  },
  { what: 'The platform takes its fee: 100 and 5 %.', posts: POSTINGS.platform_fee_taken(shared(FEE)) },
  { what: 'The PSP takes its fee of 300, and 30 of tax.', posts: POSTINGS.psp_fee_taken(PSP_FEE) },
  {
    what: 'A refund of 1,001 is accepted. No request says who bears it, so both do.',
    posts: POSTINGS.refund_requested(shared(REFUND)),
  },
  { what: 'It succeeds.', posts: POSTINGS.refund_succeeded(money(sumOf(REFUND))) },
  { what: 'The sellers get the fee on it back.', posts: POSTINGS.platform_fee_returned(shared(FEE_BACK)) },
  { what: 'The PSP pays out what it has.', posts: POSTINGS.settlement_sent(SETTLED) },
  {
    what: 'Our bank receives it.',
    posts: POSTINGS.settlement_received({ ...SETTLED, receivedMinor: SETTLED.amountMinor }),
  },
  {
    what: 'Both sellers ask for all that they have. anna’s payout is accepted.',
    posts: POSTINGS.payout_requested(payout('anna')),
  },
  { what: 'ben’s payout is accepted.', posts: POSTINGS.payout_requested(payout('ben')) },
  { what: 'Our bank pays anna.', posts: POSTINGS.payout_paid(payout('anna')) },
  { what: 'Our bank pays ben.', posts: POSTINGS.payout_paid(payout('ben')) },
  { what: 'anna’s payout bounces: her account is closed.', posts: POSTINGS.payout_bounced(payout('anna')) },
  { what: 'The buyer asks the bank about the charge: an inquiry.', posts: POSTINGS.dispute_inquiry(CARD) },
  {
    what: 'The buyer disputes 9,500, although only 8,999 is left after the refund. Both wallets go below zero.',
    posts: POSTINGS.dispute_opened(shared(DISPUTE)),
  },
  { what: 'The PSP takes a fee for the dispute.', posts: POSTINGS.dispute_fee_taken(DISPUTE_FEE) },
  { what: 'The dispute is lost.', posts: POSTINGS.dispute_lost(money(sumOf(DISPUTE))) },
  { what: 'The PSP debits our bank for what its balance lacks.', posts: POSTINGS.psp_topped_up(OWED_TO_PSP) },
  {
    what: 'ben is bankrupt: the shortfall is written off. anna still sells, so her debt stays.',
    posts: POSTINGS.seller_debt_written_off({
      sellerId: 'ben',
      currency: 'KRW',
      lostMinor: amountOf(DISPUTE, 'ben'),
      balanceMinor: -amountOf(DISPUTE, 'ben'),
    }),
  },
  {
    what: 'A year later ben’s liquidator pays 500.',
    posts: POSTINGS.seller_debt_recovered({
      sellerId: 'ben',
      currency: 'KRW',
      amountMinor: 500n,
      from: 'bank',
    }),
  },
];
