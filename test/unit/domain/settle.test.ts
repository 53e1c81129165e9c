import { expect, test } from 'vitest';
import type { ExpectedCharge } from '../../../domain/payment/judge-outcome.ts';
import type { PspAbilities } from '../../../domain/payment/psp-outcome.ts';
import { judgeSettlement, rollBack, type Settlement } from '../../../domain/payment/settle.ts';

const ABILITIES: PspAbilities = {
  keyLifetimeSeconds: 86_400,
  lookUpLagSeconds: 5,
  landingSeconds: 7,
  cancelsByKey: true,
  replaysStoredServerErrors: false,
};
const EXPECTED: ExpectedCharge = {
  psp: 'simulator',
  reference: 'ord_1',
  amountMinor: 100n,
  currency: 'KRW',
  splits: [{ sellerId: 'seller_1', amountMinor: 100n }],
};
const CHARGE = { pspReference: 'ch_1', reference: 'ord_1', amountMinor: 100n, currency: 'KRW' };
const DECLINE = { category: 'card_declined', code: 'card_declined', pspCode: 'x' } as const;

const judge = (settlement: Settlement) =>
  judgeSettlement(settlement, EXPECTED, ABILITIES, {
    attemptNo: 25,
    random: 0.5,
    sent: false,
    maybeSentBefore: true,
    isProbe: false,
  });

test.each<[string, Settlement]>([
  ['found at the PSP', { kind: 'found', outcome: { kind: 'succeeded', charge: CHARGE } }],
  ['completed before it could be cancelled', { kind: 'charged', charge: CHARGE }],
])('a charge %s is SUCCESS with its posting', (_name, settlement) => {
  const judgement = judge(settlement);
  expect(judgement).toMatchObject({ state: 'succeeded', orderStatus: 'SUCCESS', pspReference: 'ch_1' });
  expect(judgement.posting?.entries).toHaveLength(2);
});

test.each<[string, Settlement]>([
  ['was never sent', { kind: 'never_sent' }],
  ['is not there and can no longer be made', { kind: 'fenced' }],
])('a charge that %s is rolled back', (_name, settlement) => {
  expect(judge(settlement)).toEqual(rollBack());
  expect(rollBack()).toMatchObject({
    state: 'cancelled',
    orderStatus: 'FAILED',
    orderStatusDetail: null,
    failure: { category: 'not_processed', code: 'rolled_back', pspCode: '' },
    posting: null,
    waitSeconds: null,
    parked: false,
    waitsForCircuit: false,
    provenNotSent: false,
  });
});

test('a decline found at the PSP is FAILED with its own failure', () => {
  expect(judge({ kind: 'found', outcome: { kind: 'declined', decline: DECLINE } })).toMatchObject({
    state: 'declined',
    orderStatus: 'FAILED',
    failure: DECLINE,
  });
});

test.each<[string, Settlement, string]>([
  [
    'a missing one without a fence',
    { kind: 'unfenced' },
    'not found at the PSP, which cannot be told to refuse a late request',
  ],
  ['no answer', { kind: 'no_answer', outcome: { kind: 'unknown', reason: 'reset' } }, 'settling: reset'],
  [
    'a rate limit',
    { kind: 'no_answer', outcome: { kind: 'rate_limited', retryAfterSeconds: 1 } },
    'settling: the PSP limits our rate',
  ],
  [
    'another amount',
    { kind: 'charged', charge: { ...CHARGE, amountMinor: 99n } },
    'the PSP answered 99 KRW, asked was 100 KRW',
  ],
])('%s is for a person to look at, with the reason', (_name, settlement, reason) => {
  expect(judge(settlement)).toMatchObject({
    state: 'quarantined',
    orderStatus: 'EXECUTING',
    orderStatusDetail: 'manual_review',
    reason,
    posting: null,
  });
});
