import { expect, test } from 'vitest';
import type { ExpectedCharge } from '../../../domain/payment/decide.ts';
import type { PspAbilities } from '../../../domain/payment/psp-outcome.ts';
import { decideResolution, type Resolution, rollBack } from '../../../domain/payment/resolve.ts';

const ABILITIES: PspAbilities = {
  keyLifetimeSeconds: 86_400,
  lookUpLagSeconds: 5,
  maxInFlightSeconds: 7,
  invalidatesByKey: true,
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

const judge = (resolution: Resolution) =>
  decideResolution(resolution, EXPECTED, ABILITIES, {
    attemptNo: 25,
    random: 0.5,
    sent: false,
    maybeSentBefore: true,
    isProbe: false,
  });

test.each<[string, Resolution]>([
  ['found at the PSP', { kind: 'found', outcome: { kind: 'succeeded', charge: CHARGE } }],
  ['completed before it could be cancelled', { kind: 'charged', charge: CHARGE }],
])('a charge %s is SUCCESS with its posting', (_name, resolution) => {
  const transition = judge(resolution);
  expect(transition).toMatchObject({ state: 'succeeded', orderStatus: 'SUCCESS', pspReference: 'ch_1' });
  expect(transition.posting?.entries).toHaveLength(2);
});

test.each<[string, Resolution]>([
  ['was never sent', { kind: 'never_sent' }],
  ['is not there and can no longer be made', { kind: 'invalidated' }],
])('a charge that %s is rolled back', (_name, resolution) => {
  expect(judge(resolution)).toEqual(rollBack());
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

test.each<[string, Resolution, string]>([
  [
    'a missing one without a fence',
    { kind: 'cannot_invalidate' },
    'not found at the PSP, which cannot be told to refuse a late request',
  ],
  ['no answer', { kind: 'no_answer', outcome: { kind: 'unknown', reason: 'reset' } }, 'resolving: reset'],
  [
    'a rate limit',
    { kind: 'no_answer', outcome: { kind: 'rate_limited', retryAfterSeconds: 1 } },
    'resolving: the PSP limits our rate',
  ],
  [
    'another amount',
    { kind: 'charged', charge: { ...CHARGE, amountMinor: 99n } },
    'the PSP answered 99 KRW, asked was 100 KRW',
  ],
])('%s is for a person to look at, with the reason', (_name, resolution, reason) => {
  expect(judge(resolution)).toMatchObject({
    state: 'quarantined',
    orderStatus: 'EXECUTING',
    orderStatusDetail: 'manual_review',
    reason,
    posting: null,
  });
});
