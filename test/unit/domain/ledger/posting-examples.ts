import type { FactsOf, LedgerEvent } from '../../../../domain/ledger/posting.ts';

/** An event in a sentence, its facts, and the entries as a bookkeeper would write them: none where nothing is posted. */
export interface Example<Event extends LedgerEvent> {
  readonly event: string;
  readonly facts: FactsOf<Event>;
  readonly entries: readonly string[];
}

const card = { psp: 'card_kr', currency: 'KRW' };
const anna = { sellerId: 'anna', currency: 'KRW' };
const of = (annaMinor: bigint, benMinor: bigint) => [
  { sellerId: 'anna', amountMinor: annaMinor },
  { sellerId: 'ben', amountMinor: benMinor },
];
const order = { ...card, amountMinor: 10_000n, splits: of(7_000n, 3_000n) };

/** One for each event. The headings of the table are the keys of the first event below them. */
export const EXAMPLES: { readonly [Event in LedgerEvent]: Example<Event> } = {
  authorized: {
    event: 'The buyer’s bank holds 10,000',
    facts: { ...card, held: of(7_000n, 3_000n) },
    entries: [
      'Dr psp_receivable:card_kr 10,000 KRW pending',
      'Cr seller_payable:anna 7,000 KRW pending',
      'Cr seller_payable:ben 3,000 KRW pending',
    ],
  },
  authorization_released: {
    event: 'The hold of 10,000 is voided, or expires by the PSP’s word',
    facts: { ...card, held: of(7_000n, 3_000n) },
    entries: [
      'Dr psp_receivable:card_kr 10,000 KRW voided',
      'Cr seller_payable:anna 7,000 KRW voided',
      'Cr seller_payable:ben 3,000 KRW voided',
    ],
  },
  captured: {
    event: '4,000 of the hold of 10,000 is captured; more may follow. A final capture has no pending entries',
    facts: {
      ...card,
      held: of(7_000n, 3_000n),
      amountMinor: 4_000n,
      splits: of(2_800n, 1_200n),
      isFinal: false,
    },
    entries: [
      'Dr psp_receivable:card_kr 10,000 KRW voided',
      'Cr seller_payable:anna 7,000 KRW voided',
      'Cr seller_payable:ben 3,000 KRW voided',
      'Dr psp_receivable:card_kr 4,000 KRW',
      'Cr seller_payable:anna 2,800 KRW',
      'Cr seller_payable:ben 1,200 KRW',
      'Dr psp_receivable:card_kr 6,000 KRW pending',
      'Cr seller_payable:anna 4,200 KRW pending',
      'Cr seller_payable:ben 1,800 KRW pending',
    ],
  },
  charged: {
    event: 'The buyer is charged 10,000',
    facts: order,
    entries: [
      'Dr psp_receivable:card_kr 10,000 KRW',
      'Cr seller_payable:anna 7,000 KRW',
      'Cr seller_payable:ben 3,000 KRW',
    ],
  },
  charged_too_late: {
    event: 'The PSP charges 10,000 after its order has failed',
    facts: { ...card, amountMinor: 10_000n },
    entries: ['Dr psp_receivable:card_kr 10,000 KRW', 'Cr unallocated_seller_funds:card_kr 10,000 KRW'],
  },
  late_charge_assigned: {
    event: 'An operator decides whose the late charge is',
    facts: order,
    entries: [
      'Dr unallocated_seller_funds:card_kr 10,000 KRW',
      'Cr seller_payable:anna 7,000 KRW',
      'Cr seller_payable:ben 3,000 KRW',
    ],
  },
  outcome_unknown: {
    event: 'The outcome of a charge or an authorization is unknown',
    facts: card,
    entries: [],
  },
  charge_reversed: {
    event: 'The buyer’s bank takes the charge of 10,000 back',
    facts: order,
    entries: [
      'Dr seller_payable:anna 7,000 KRW',
      'Dr seller_payable:ben 3,000 KRW',
      'Cr psp_receivable:card_kr 10,000 KRW',
    ],
  },

  platform_fee_taken: {
    event: 'The platform takes its fee of 600 with a charge or capture',
    facts: { ...card, amountMinor: 600n, splits: of(420n, 180n) },
    entries: [
      'Dr seller_payable:anna 420 KRW',
      'Dr seller_payable:ben 180 KRW',
      'Cr platform_fee_revenue:platform 600 KRW',
    ],
  },
  platform_fee_returned: {
    event: '60 of the fee goes back with a refund or a reversal, if the merchant’s terms say so',
    facts: { ...card, amountMinor: 60n, splits: of(42n, 18n) },
    entries: [
      'Dr platform_fee_revenue:platform 60 KRW',
      'Cr seller_payable:anna 42 KRW',
      'Cr seller_payable:ben 18 KRW',
    ],
  },
  psp_fee_taken: {
    event: 'The PSP takes a fee of 300 and 30 of tax',
    facts: { ...card, amountMinor: 300n, taxMinor: 30n },
    entries: [
      'Dr psp_fee_expense:card_kr 300 KRW',
      'Dr input_vat:card_kr 30 KRW',
      'Cr psp_receivable:card_kr 330 KRW',
    ],
  },
  psp_fee_credited: {
    event: 'The PSP gives the fee back',
    facts: { ...card, amountMinor: 300n, taxMinor: 30n },
    entries: [
      'Dr psp_receivable:card_kr 330 KRW',
      'Cr psp_fee_expense:card_kr 300 KRW',
      'Cr input_vat:card_kr 30 KRW',
    ],
  },
  psp_fee_invoiced: {
    event: 'The PSP invoices a fee that its balance doesn’t show',
    facts: { ...card, amountMinor: 300n, taxMinor: 30n },
    entries: [
      'Dr psp_fee_expense:card_kr 300 KRW',
      'Dr input_vat:card_kr 30 KRW',
      'Cr psp_invoice_payable:card_kr 330 KRW',
    ],
  },
  psp_invoice_paid: {
    event: 'We pay the PSP’s invoice',
    facts: { ...card, amountMinor: 330n },
    entries: ['Dr psp_invoice_payable:card_kr 330 KRW', 'Cr bank_cash:platform 330 KRW'],
  },

  refund_requested: {
    event: 'A refund of 1,000 is accepted',
    facts: { ...card, amountMinor: 1_000n, splits: of(700n, 300n) },
    entries: [
      'Dr seller_payable:anna 700 KRW',
      'Dr seller_payable:ben 300 KRW',
      'Cr refund_clearing:card_kr 1,000 KRW',
    ],
  },
  refund_succeeded: {
    event: 'The refund succeeds',
    facts: { ...card, amountMinor: 1_000n },
    entries: ['Dr refund_clearing:card_kr 1,000 KRW', 'Cr psp_receivable:card_kr 1,000 KRW'],
  },
  unreserved_refund_succeeded: {
    event: 'A refund succeeds for which nothing is reserved: it was made in the PSP’s dashboard',
    facts: { ...card, amountMinor: 1_000n, splits: of(700n, 300n) },
    entries: [
      'Dr seller_payable:anna 700 KRW',
      'Dr seller_payable:ben 300 KRW',
      'Cr psp_receivable:card_kr 1,000 KRW',
    ],
  },
  refund_failed: {
    event: 'The refund is declined, or cancelled before it was sent',
    facts: { ...card, amountMinor: 1_000n, splits: of(700n, 300n) },
    entries: [
      'Dr refund_clearing:card_kr 1,000 KRW',
      'Cr seller_payable:anna 700 KRW',
      'Cr seller_payable:ben 300 KRW',
    ],
  },
  refund_failed_after_success: {
    event: 'The refund fails days after it succeeded: the buyer is still owed it',
    facts: { ...card, amountMinor: 1_000n },
    entries: ['Dr psp_receivable:card_kr 1,000 KRW', 'Cr buyer_refund_payable:card_kr 1,000 KRW'],
  },
  buyer_refund_paid: {
    event: 'The buyer gets the failed refund from our bank account',
    facts: { ...card, amountMinor: 1_000n },
    entries: ['Dr buyer_refund_payable:card_kr 1,000 KRW', 'Cr bank_cash:platform 1,000 KRW'],
  },
  buyer_refund_released: {
    event: 'An operator decides that the buyer isn’t owed the failed refund',
    facts: { ...card, amountMinor: 1_000n, splits: of(700n, 300n) },
    entries: [
      'Dr buyer_refund_payable:card_kr 1,000 KRW',
      'Cr seller_payable:anna 700 KRW',
      'Cr seller_payable:ben 300 KRW',
    ],
  },

  payout_requested: {
    event: 'A payout of 5,000 is accepted',
    facts: { ...anna, amountMinor: 5_000n },
    entries: ['Dr seller_payable:anna 5,000 KRW', 'Cr payout_clearing:anna 5,000 KRW'],
  },
  payout_paid: {
    event: 'It is paid from our bank account; from a PSP’s balance, `psp_receivable` is credited',
    facts: { ...anna, amountMinor: 5_000n, psp: null },
    entries: ['Dr payout_clearing:anna 5,000 KRW', 'Cr bank_cash:platform 5,000 KRW'],
  },
  payout_failed: {
    event: 'The payout is declined, or cancelled before it was sent',
    facts: { ...anna, amountMinor: 5_000n },
    entries: ['Dr payout_clearing:anna 5,000 KRW', 'Cr seller_payable:anna 5,000 KRW'],
  },
  payout_bounced: {
    event: 'The payout fails after it was paid, here from the PSP’s balance',
    facts: { ...anna, amountMinor: 5_000n, psp: 'card_kr' },
    entries: ['Dr psp_receivable:card_kr 5,000 KRW', 'Cr seller_payable:anna 5,000 KRW'],
  },

  dispute_inquiry: {
    event: 'An inquiry, a warning of fraud, or a dispute that was prevented',
    facts: card,
    entries: [],
  },
  dispute_opened: {
    event: 'The buyer disputes 9,000, after a win once more',
    facts: { ...card, amountMinor: 9_000n, splits: of(6_300n, 2_700n) },
    entries: [
      'Dr seller_payable:anna 6,300 KRW',
      'Dr seller_payable:ben 2,700 KRW',
      'Dr dispute_receivable:card_kr 9,000 KRW',
      'Cr dispute_reserve:card_kr 9,000 KRW',
      'Cr psp_receivable:card_kr 9,000 KRW',
    ],
  },
  dispute_won: {
    event: 'The dispute of 9,000 is partly won: 4,000 comes back',
    facts: { ...card, amountMinor: 4_000n, splits: of(2_800n, 1_200n), disputedMinor: 9_000n },
    entries: [
      'Dr psp_receivable:card_kr 4,000 KRW',
      'Dr dispute_reserve:card_kr 9,000 KRW',
      'Cr dispute_receivable:card_kr 9,000 KRW',
      'Cr seller_payable:anna 2,800 KRW',
      'Cr seller_payable:ben 1,200 KRW',
    ],
  },
  dispute_lost: {
    event: 'The dispute is lost: no money moves',
    facts: { ...card, amountMinor: 9_000n },
    entries: ['Dr dispute_reserve:card_kr 9,000 KRW', 'Cr dispute_receivable:card_kr 9,000 KRW'],
  },
  dispute_won_late: {
    event: 'The lost dispute is won after all; 2,000 of ben’s debt was written off',
    facts: {
      ...card,
      amountMinor: 9_000n,
      splits: of(6_300n, 2_700n),
      writtenOff: [{ sellerId: 'ben', amountMinor: 2_000n }],
    },
    entries: [
      'Dr psp_receivable:card_kr 9,000 KRW',
      'Cr seller_payable:anna 6,300 KRW',
      'Cr seller_debt_loss:ben 2,000 KRW',
      'Cr seller_payable:ben 700 KRW',
    ],
  },
  dispute_fee_taken: {
    event:
      'The PSP takes 1,500 and 150 of tax for a dispute. The sellers bear it if the merchant’s terms say so',
    facts: { ...card, amountMinor: 1_500n, taxMinor: 150n },
    entries: [
      'Dr dispute_fee_expense:card_kr 1,500 KRW',
      'Dr input_vat:card_kr 150 KRW',
      'Cr psp_receivable:card_kr 1,650 KRW',
    ],
  },
  dispute_fee_credited: {
    event: 'The fee of a countered dispute comes back, since it was won',
    facts: { ...card, amountMinor: 1_500n, taxMinor: 150n },
    entries: [
      'Dr psp_receivable:card_kr 1,650 KRW',
      'Cr dispute_fee_expense:card_kr 1,500 KRW',
      'Cr input_vat:card_kr 150 KRW',
    ],
  },
  seller_debt_written_off: {
    event: 'ben lost 2,700 by a dispute, has a balance of −2,000 and can’t pay: the shortfall is written off',
    facts: { sellerId: 'ben', currency: 'KRW', lostMinor: 2_700n, balanceMinor: -2_000n },
    entries: ['Dr seller_debt_loss:ben 2,000 KRW', 'Cr seller_payable:ben 2,000 KRW'],
  },
  seller_debt_recovered: {
    event: 'ben pays 500 of it into our bank account; from new sales, the wallet is debited',
    facts: { sellerId: 'ben', currency: 'KRW', amountMinor: 500n, from: 'bank' },
    entries: ['Dr bank_cash:platform 500 KRW', 'Cr seller_debt_loss:ben 500 KRW'],
  },

  psp_reserve_held: {
    event: 'The PSP keeps 1,000 as its security',
    facts: { ...card, amountMinor: 1_000n },
    entries: ['Dr psp_reserve:card_kr 1,000 KRW', 'Cr psp_receivable:card_kr 1,000 KRW'],
  },
  psp_reserve_released: {
    event: 'The PSP releases it',
    facts: { ...card, amountMinor: 1_000n },
    entries: ['Dr psp_receivable:card_kr 1,000 KRW', 'Cr psp_reserve:card_kr 1,000 KRW'],
  },
  seller_reserve_held: {
    event: 'We keep 1,000 of anna’s money as our security',
    facts: { ...anna, amountMinor: 1_000n },
    entries: ['Dr seller_payable:anna 1,000 KRW', 'Cr seller_reserve:anna 1,000 KRW'],
  },
  seller_reserve_released: {
    event: 'We release it',
    facts: { ...anna, amountMinor: 1_000n },
    entries: ['Dr seller_reserve:anna 1,000 KRW', 'Cr seller_payable:anna 1,000 KRW'],
  },

  settlement_sent: {
    event: 'The PSP pays out 8,670: the money is on its way',
    facts: { ...card, amountMinor: 8_670n },
    entries: ['Dr psp_payout_in_transit:card_kr 8,670 KRW', 'Cr psp_receivable:card_kr 8,670 KRW'],
  },
  settlement_received: {
    event: 'The bank receives 8,650 of it. A surplus is a credit in suspense',
    facts: { ...card, amountMinor: 8_670n, receivedMinor: 8_650n },
    entries: [
      'Dr bank_cash:platform 8,650 KRW',
      'Dr suspense:card_kr 20 KRW',
      'Cr psp_payout_in_transit:card_kr 8,670 KRW',
    ],
  },
  settlement_failed: {
    event: 'It bounced on its way; from the bank, `bank_cash` is credited',
    facts: { ...card, amountMinor: 8_670n, hadArrived: false },
    entries: ['Dr psp_receivable:card_kr 8,670 KRW', 'Cr psp_payout_in_transit:card_kr 8,670 KRW'],
  },
  psp_topped_up: {
    event: 'The PSP debits our bank for its negative balance, or we top it up',
    facts: { ...card, amountMinor: 10_650n },
    entries: ['Dr psp_receivable:card_kr 10,650 KRW', 'Cr bank_cash:platform 10,650 KRW'],
  },
  money_exchanged: {
    event: 'The PSP converts 10,000 won into 7.10 dollars and keeps 0.15 of them',
    facts: {
      psp: 'card_kr',
      from: { currency: 'KRW', amountMinor: 10_000n },
      to: { currency: 'USD', amountMinor: 710n },
      feeMinor: 15n,
    },
    entries: [
      'Dr fx_position:card_kr 10,000 KRW',
      'Cr psp_receivable:card_kr 10,000 KRW',
      'Dr psp_receivable:card_kr 7.10 USD',
      'Dr psp_fee_expense:card_kr 0.15 USD',
      'Cr fx_position:card_kr 7.25 USD',
    ],
  },
  line_unexplained: {
    event:
      'The PSP’s statement has a line of −20 that nothing explains. One above zero is a credit in suspense',
    facts: { ...card, amountMinor: -20n },
    entries: ['Cr psp_receivable:card_kr 20 KRW', 'Dr suspense:card_kr 20 KRW'],
  },
  suspense_resolved: {
    event: 'The missing 20 was a fee of the bank’s transfer',
    facts: {
      ...card,
      amountMinor: 20n,
      difference: 'shortage',
      account: { kind: 'psp_fee_expense', owner: 'card_kr', currency: 'KRW' },
    },
    entries: ['Dr psp_fee_expense:card_kr 20 KRW', 'Cr suspense:card_kr 20 KRW'],
  },

  seller_adjusted: {
    event: 'The platform makes anna a present of 500; an amount below zero takes it',
    facts: { ...anna, amountMinor: 500n },
    entries: ['Dr platform_loss:platform 500 KRW', 'Cr seller_payable:anna 500 KRW'],
  },
  transaction_reversed: {
    event: 'An operator corrects a wrong payout: its entries stay, and their opposite is posted',
    facts: {
      entries: [
        {
          account: { kind: 'payout_clearing', owner: 'anna', currency: 'KRW' },
          direction: 'debit',
          phase: 'posted',
          amountMinor: 5_000n,
        },
        {
          account: { kind: 'bank_cash', owner: 'platform', currency: 'KRW' },
          direction: 'credit',
          phase: 'posted',
          amountMinor: 5_000n,
        },
      ],
    },
    entries: ['Cr payout_clearing:anna 5,000 KRW', 'Dr bank_cash:platform 5,000 KRW'],
  },
};
