import { describe, expect, test } from 'vitest';
import { type FactsOf, type LedgerEvent, POSTINGS } from '../../../../domain/ledger/posting.ts';
import { POSTING_SOURCES } from '../../../../domain/ledger/posting-source.ts';
import type { LedgerTransaction } from '../../../../domain/ledger/transaction.ts';
import { written } from './bookkeeper.ts';
import { EXAMPLES } from './posting-examples.ts';

const card = { psp: 'card_kr', currency: 'KRW' };
const EVENTS = Object.keys(EXAMPLES) as LedgerEvent[];
const posted = <Event extends LedgerEvent>(event: Event, facts: FactsOf<Event>) =>
  (POSTINGS[event] as (facts: FactsOf<Event>) => LedgerTransaction | null)(facts);
const entriesOf = (transaction: LedgerTransaction | null) => transaction?.entries.map(written) ?? [];

describe('the worked example of each event', () => {
  test.each(EVENTS)('%s', (event) => {
    const { facts, entries } = EXAMPLES[event];
    expect(entriesOf(posted(event, facts))).toEqual(entries);
  });

  test('is there for every posting type, with the source that the type has', () => {
    const examples = EVENTS.map((event) => posted(event, EXAMPLES[event].facts)).filter(
      (transaction) => transaction !== null,
    );
    const sources = Object.fromEntries(examples.map(({ postingType, source }) => [postingType, source]));
    expect(sources).toEqual(POSTING_SOURCES);
    // As the database has them.
    expect(Object.keys(sources).filter((type) => !/^[a-z_]{1,40}$/.test(type))).toEqual([]);
  });
});

describe('a capture', () => {
  const held = [
    { sellerId: 'anna', amountMinor: 70n },
    { sellerId: 'ben', amountMinor: 30n },
  ];
  const part = (annaMinor: bigint, benMinor: bigint) => ({
    ...card,
    amountMinor: annaMinor + benMinor,
    splits: [
      { sellerId: 'anna', amountMinor: annaMinor },
      { sellerId: 'ben', amountMinor: benMinor },
    ],
  });
  const phase = (transaction: LedgerTransaction | null, wanted: string) =>
    entriesOf(transaction).filter((entry) => entry.endsWith(wanted));

  test('that is final releases the whole hold and holds nothing anew', () => {
    const final = posted('captured', { ...part(28n, 12n), held, isFinal: true });
    expect(phase(final, 'voided')).toHaveLength(3);
    expect(phase(final, 'pending')).toEqual([]);
  });

  test('of all that is held holds nothing anew, final or not', () => {
    expect(phase(posted('captured', { ...part(70n, 30n), held, isFinal: false }), 'pending')).toEqual([]);
  });

  test('that comes after the end of its hold is only posted', () => {
    expect(entriesOf(posted('captured', { ...part(70n, 30n), held: [], isFinal: true }))).toEqual([
      'Dr psp_receivable:card_kr 100 KRW',
      'Cr seller_payable:anna 70 KRW',
      'Cr seller_payable:ben 30 KRW',
    ]);
  });

  test('above the hold, which only the PSP can make, is booked as it was and holds nothing of that seller', () => {
    expect(phase(posted('captured', { ...part(80n, 10n), held, isFinal: false }), 'pending')).toEqual([
      'Dr psp_receivable:card_kr 20 KRW pending',
      'Cr seller_payable:ben 20 KRW pending',
    ]);
  });
});

describe('a part that isn’t its seller’s', () => {
  const refund = (instead: 'platform_loss' | 'unallocated_seller_funds' | 'buyer_refund_payable') =>
    entriesOf(
      posted('refund_requested', {
        ...card,
        amountMinor: 100n,
        splits: [
          { sellerId: 'anna', amountMinor: 70n },
          { sellerId: 'ben', amountMinor: 30n, instead },
        ],
      }),
    );
  test.each([
    ['is borne by the platform', 'platform_loss', 'Dr platform_loss:platform 30 KRW'],
    ['is of a closed seller', 'unallocated_seller_funds', 'Dr unallocated_seller_funds:card_kr 30 KRW'],
    ['is owed to the buyer already', 'buyer_refund_payable', 'Dr buyer_refund_payable:card_kr 30 KRW'],
  ] as const)('%s', (_what, instead, entry) => {
    expect(refund(instead)).toEqual([
      'Dr seller_payable:anna 70 KRW',
      entry,
      'Cr refund_clearing:card_kr 100 KRW',
    ]);
  });

  test('has no entry where it is zero', () => {
    const splits = [
      { sellerId: 'anna', amountMinor: 1n },
      { sellerId: 'ben', amountMinor: 0n },
    ];
    expect(entriesOf(posted('charged', { ...card, amountMinor: 1n, splits }))).toHaveLength(2);
  });

  test('is never below zero: the rounding of a split can’t take from a seller', () => {
    const splits = [
      { sellerId: 'anna', amountMinor: 101n },
      { sellerId: 'ben', amountMinor: -1n },
    ];
    expect(() => posted('charged', { ...card, amountMinor: 100n, splits })).toThrow(
      'greater than zero, not -1',
    );
  });
});

describe('disputes', () => {
  const dispute = { ...card, amountMinor: 100n, splits: [{ sellerId: 'anna', amountMinor: 100n }] };

  test('won in full give everything back', () => {
    expect(entriesOf(posted('dispute_won', { ...dispute, disputedMinor: 100n }))).toEqual([
      'Dr psp_receivable:card_kr 100 KRW',
      'Dr dispute_reserve:card_kr 100 KRW',
      'Cr dispute_receivable:card_kr 100 KRW',
      'Cr seller_payable:anna 100 KRW',
    ]);
  });

  test('won late recover no more than was written off, and nothing of other sellers', () => {
    const won = (writtenOffMinor: bigint, sellerId = 'anna') =>
      entriesOf(
        posted('dispute_won_late', { ...dispute, writtenOff: [{ sellerId, amountMinor: writtenOffMinor }] }),
      ).slice(1);
    expect(won(0n)).toEqual(['Cr seller_payable:anna 100 KRW']);
    expect(won(40n, 'ben')).toEqual(['Cr seller_payable:anna 100 KRW']);
    expect(won(40n)).toEqual(['Cr seller_debt_loss:anna 40 KRW', 'Cr seller_payable:anna 60 KRW']);
    expect(won(400n)).toEqual(['Cr seller_debt_loss:anna 100 KRW']);
  });

  test('that the platform bore recover no debt of the seller when they are won late', () => {
    const splits = [{ sellerId: 'anna', amountMinor: 100n, instead: 'platform_loss' as const }];
    const writtenOff = [{ sellerId: 'anna', amountMinor: 40n }];
    expect(entriesOf(posted('dispute_won_late', { ...dispute, splits, writtenOff })).slice(1)).toEqual([
      'Cr platform_loss:platform 100 KRW',
    ]);
  });

  test.each([
    ['all that was lost, if the seller had nothing', -100n, 100n],
    ['only the loss, not what the seller owed before', -250n, 100n],
    ['only what the seller can’t cover', -30n, 30n],
  ])('are written off: %s', (_what, balanceMinor, shortfallMinor) => {
    const loss = { sellerId: 'anna', currency: 'KRW', lostMinor: 100n, balanceMinor };
    expect(entriesOf(posted('seller_debt_written_off', loss))).toEqual([
      `Dr seller_debt_loss:anna ${shortfallMinor} KRW`,
      `Cr seller_payable:anna ${shortfallMinor} KRW`,
    ]);
  });

  test.each([0n, 1n])('are not written off if the seller covers them (balance %s)', (balanceMinor) => {
    const loss = { sellerId: 'anna', currency: 'KRW', lostMinor: 100n, balanceMinor };
    expect(posted('seller_debt_written_off', loss)).toBeNull();
  });

  test('have a fee that sellers can bear, tax included, and get back', () => {
    const fee = {
      ...card,
      amountMinor: 100n,
      taxMinor: 10n,
      splits: [{ sellerId: 'anna', amountMinor: 110n }],
    };
    expect(entriesOf(posted('dispute_fee_taken', fee))).toEqual([
      'Dr seller_payable:anna 110 KRW',
      'Cr psp_receivable:card_kr 110 KRW',
    ]);
    expect(entriesOf(posted('dispute_fee_credited', fee))).toEqual([
      'Dr psp_receivable:card_kr 110 KRW',
      'Cr seller_payable:anna 110 KRW',
    ]);
  });
});

describe('what goes the other way', () => {
  test('a payout from the PSP’s balance', () => {
    const payout = { sellerId: 'anna', currency: 'KRW', amountMinor: 5n, psp: 'card_kr' };
    expect(entriesOf(posted('payout_paid', payout))).toEqual([
      'Dr payout_clearing:anna 5 KRW',
      'Cr psp_receivable:card_kr 5 KRW',
    ]);
  });

  test('a payout that bounces to our bank account', () => {
    const payout = { sellerId: 'anna', currency: 'KRW', amountMinor: 5n, psp: null };
    expect(entriesOf(posted('payout_bounced', payout))[0]).toBe('Dr bank_cash:platform 5 KRW');
  });

  test('a debt that a seller’s new sales recover', () => {
    const recovery = { sellerId: 'ben', currency: 'KRW', amountMinor: 5n, from: 'wallet' } as const;
    expect(entriesOf(posted('seller_debt_recovered', recovery))[0]).toBe('Dr seller_payable:ben 5 KRW');
  });

  test('a settlement of more than was sent, and of exactly that', () => {
    const settlement = { ...card, amountMinor: 100n };
    expect(entriesOf(posted('settlement_received', { ...settlement, receivedMinor: 103n }))).toEqual([
      'Dr bank_cash:platform 103 KRW',
      'Cr suspense:card_kr 3 KRW',
      'Cr psp_payout_in_transit:card_kr 100 KRW',
    ]);
    expect(entriesOf(posted('settlement_received', { ...settlement, receivedMinor: 100n }))).toHaveLength(2);
  });

  test('a settlement that bounces after it had arrived', () => {
    const settlement = { ...card, amountMinor: 100n, hadArrived: true };
    expect(entriesOf(posted('settlement_failed', settlement))[1]).toBe('Cr bank_cash:platform 100 KRW');
  });

  test('a line above zero, and a surplus that is explained', () => {
    expect(entriesOf(posted('line_unexplained', { ...card, amountMinor: 20n }))).toEqual([
      'Dr psp_receivable:card_kr 20 KRW',
      'Cr suspense:card_kr 20 KRW',
    ]);
    const account = { kind: 'seller_payable', owner: 'anna', currency: 'KRW' } as const;
    const surplus = { ...card, amountMinor: 20n, difference: 'surplus', account } as const;
    expect(entriesOf(posted('suspense_resolved', surplus))).toEqual([
      'Dr suspense:card_kr 20 KRW',
      'Cr seller_payable:anna 20 KRW',
    ]);
  });

  test('an adjustment that takes from a seller', () => {
    expect(
      entriesOf(posted('seller_adjusted', { sellerId: 'anna', currency: 'KRW', amountMinor: -5n })),
    ).toEqual(['Dr seller_payable:anna 5 KRW', 'Cr platform_loss:platform 5 KRW']);
  });

  test('a hold that is reversed is released, and a release held again', () => {
    const hold = posted('authorized', { ...card, held: [{ sellerId: 'anna', amountMinor: 5n }] });
    const reversed = posted('transaction_reversed', { entries: hold?.entries ?? [] });
    expect(entriesOf(reversed)).toEqual([
      'Dr psp_receivable:card_kr 5 KRW voided',
      'Cr seller_payable:anna 5 KRW voided',
    ]);
    expect(entriesOf(posted('transaction_reversed', { entries: reversed?.entries ?? [] }))).toEqual(
      entriesOf(hold),
    );
  });
});
