import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Attempt, decide, type ExpectedCharge, manualReview } from '../../../domain/payment/decide.ts';
import type { PspAbilities, PspOutcome } from '../../../domain/payment/psp-outcome.ts';

const ABILITIES: PspAbilities = {
  keyLifetimeSeconds: 86_400,
  lookUpLagSeconds: 5,
  maxInFlightSeconds: 7,
  invalidatesByKey: false,
  replaysStoredServerErrors: false,
};
const EXPECTED: ExpectedCharge = {
  psp: 'p',
  reference: 'ord_1',
  amountMinor: 100n,
  currency: 'KRW',
  splits: [{ sellerId: 's', amountMinor: 100n }],
};
const FIRST: Attempt = { attemptNo: 1, random: 0.5, sent: true, maybeSentBefore: false, isProbe: false };
const CHARGE = { pspReference: 'ch_1', reference: 'ord_1', amountMinor: 100n, currency: 'KRW' };
const DECLINE = { category: 'other', code: 'c', pspCode: 'p' } as const;

const judge = (outcome: PspOutcome, attempt: Partial<Attempt> = {}) =>
  decide(outcome, EXPECTED, ABILITIES, { ...FIRST, ...attempt });

describe('succeeded', () => {
  test('is SUCCESS with its posting', () => {
    const transition = judge({ kind: 'succeeded', charge: CHARGE });
    expect(transition).toMatchObject({
      state: 'succeeded',
      orderStatus: 'SUCCESS',
      orderStatusDetail: null,
      reason: null,
      failure: null,
      pspReference: 'ch_1',
      waitSeconds: null,
      parked: false,
      provenNotSent: false,
    });
    expect(transition.posting?.entries).toHaveLength(2);
  });

  test.each([
    ['another amount', { amountMinor: 101n }, 'answered 101 KRW, asked was 100 KRW'],
    ['another currency', { currency: 'USD' }, 'answered 100 USD, asked was 100 KRW'],
    ['another reference', { reference: 'ord_2' }, 'reference ord_2, asked was ord_1'],
  ])('with %s is never believed', (_what, change, reason) => {
    const transition = judge({ kind: 'succeeded', charge: { ...CHARGE, ...change } });
    expect(transition).toMatchObject({
      state: 'quarantined',
      orderStatus: 'EXECUTING',
      orderStatusDetail: 'manual_review',
      pspReference: 'ch_1',
      posting: null,
    });
    expect(transition.reason).toContain(reason);
  });
});

test('several charges for one order are never booked as one, whatever each of them is', () => {
  const transition = judge({
    kind: 'succeeded',
    charge: CHARGE,
    furtherCharges: [{ ...CHARGE, pspReference: 'ch_2' }],
  });
  expect(transition).toMatchObject({
    state: 'quarantined',
    orderStatus: 'EXECUTING',
    orderStatusDetail: 'manual_review',
    reason: 'the PSP holds 2 charges where one was asked for: ch_1, ch_2',
    pspReference: 'ch_1',
    posting: null,
  });
});

test('declined is FAILED with its failure, at once', () => {
  expect(judge({ kind: 'declined', decline: DECLINE })).toEqual({
    state: 'declined',
    orderStatus: 'FAILED',
    orderStatusDetail: null,
    reason: null,
    failure: DECLINE,
    pspReference: null,
    waitSeconds: null,
    parked: false,
    waitsForCircuit: false,
    provenNotSent: false,
    posting: null,
  });
});

test('requires_action ends the instruction and lets the order wait', () => {
  expect(judge({ kind: 'requires_action', pspReference: 'ch_1', redirectUrl: 'https://x' })).toMatchObject({
    state: 'requires_action',
    orderStatus: 'EXECUTING',
    orderStatusDetail: 'requires_action',
    pspReference: 'ch_1',
    posting: null,
  });
});

describe.each([
  ['not_sent', { kind: 'not_sent', reason: 'refused' }],
  ['rate_limited', { kind: 'rate_limited', retryAfterSeconds: undefined }],
] as const)('%s', (_kind, outcome) => {
  test('is tried again, and proves that nothing was charged', () => {
    const transition = judge(outcome);
    expect(transition).toMatchObject({
      state: 'ready',
      orderStatus: 'EXECUTING',
      orderStatusDetail: 'psp_requested',
      provenNotSent: true,
      posting: null,
    });
    expect(transition.waitSeconds).toBeGreaterThanOrEqual(1);
    expect(transition.reason).toBeTruthy();
  });

  test('says nothing of an attempt before it that may have charged', () => {
    expect(judge(outcome, { maybeSentBefore: true }).orderStatusDetail).toBe('outcome_unknown');
  });
});

test('a PSP that refuses us makes a dead letter with the reason, and proves that nothing was charged', () => {
  expect(judge({ kind: 'misconfigured', reason: 'bad key' })).toMatchObject({
    state: 'dead_lettered',
    orderStatus: 'EXECUTING',
    orderStatusDetail: 'psp_requested',
    reason: 'the PSP refuses us: bad key',
    provenNotSent: true,
    parked: false,
    waitSeconds: 0,
    posting: null,
  });
});

test('a probe that a PSP refuses goes back to where it waited, and is no dead letter', () => {
  expect(judge({ kind: 'misconfigured', reason: 'bad key' }, { isProbe: true })).toMatchObject({
    state: 'ready',
    reason: 'the PSP refuses us: bad key',
    provenNotSent: true,
    parked: true,
    waitsForCircuit: true,
    waitSeconds: 0,
  });
  expect(judge({ kind: 'not_sent', reason: 'refused' }, { isProbe: true }).waitsForCircuit).toBe(false);
});

describe('unknown', () => {
  const unknown = { kind: 'unknown', reason: 'reset' } as const;
  test('waits until the request has landed and shows', () => {
    expect(judge(unknown)).toMatchObject({
      state: 'ready',
      orderStatus: 'EXECUTING',
      orderStatusDetail: 'outcome_unknown',
      reason: 'reset',
      waitSeconds: 12,
      provenNotSent: false,
    });
  });

  test('waits for landing alone where there is no look-up', () => {
    const transition = decide(unknown, EXPECTED, { ...ABILITIES, lookUpLagSeconds: null }, FIRST);
    expect(transition.waitSeconds).toBe(7);
  });

  test('spares a PSP that keeps failing', () => {
    expect(judge(unknown, { attemptNo: 2, random: 0.999 }).waitSeconds).toBe(12 + 4);
  });

  test('of a question charges nothing by itself', () => {
    expect(judge(unknown, { sent: false }).provenNotSent).toBe(true);
    expect(judge(unknown, { sent: false }).orderStatusDetail).toBe('psp_requested');
    expect(judge(unknown, { sent: false, maybeSentBefore: true }).orderStatusDetail).toBe('outcome_unknown');
  });
});

test('a wait of more than two minutes is parked', () => {
  expect(judge({ kind: 'rate_limited', retryAfterSeconds: 120 }).parked).toBe(false);
  expect(judge({ kind: 'rate_limited', retryAfterSeconds: 121 })).toMatchObject({
    parked: true,
    waitSeconds: 121,
  });
});

test('manual review posts nothing, sends nothing and keeps the reason', () => {
  expect(manualReview('why')).toMatchObject({
    state: 'quarantined',
    orderStatusDetail: 'manual_review',
    reason: 'why',
    waitSeconds: null,
    posting: null,
  });
});

describe('whatever the PSP says', () => {
  const outcome: fc.Arbitrary<PspOutcome> = fc.oneof(
    fc.record({
      kind: fc.constant('succeeded' as const),
      charge: fc.record({
        pspReference: fc.string(),
        reference: fc.constantFrom('ord_1', 'ord_2'),
        amountMinor: fc.constantFrom(100n, 99n),
        currency: fc.constantFrom('KRW', 'USD'),
      }),
    }),
    fc.constant({ kind: 'declined' as const, decline: DECLINE }),
    fc.record({
      kind: fc.constantFrom('not_sent' as const, 'unknown' as const, 'misconfigured' as const),
      reason: fc.string({ minLength: 1 }),
    }),
    fc.record({
      kind: fc.constant('rate_limited' as const),
      retryAfterSeconds: fc.option(fc.nat(10 ** 7), { nil: undefined }),
    }),
    fc.constant({ kind: 'requires_action' as const, pspReference: 'x', redirectUrl: 'https://x' }),
  );
  const attempt = fc.record({
    attemptNo: fc.integer({ min: 1, max: 100 }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    sent: fc.boolean(),
    maybeSentBefore: fc.boolean(),
    isProbe: fc.boolean(),
  });

  test('an order fails only by its "no", succeeds only with a posting, and is else tried again or reviewed', () => {
    fc.assert(
      fc.property(outcome, attempt, (said, tried) => {
        const transition = decide(said, EXPECTED, ABILITIES, tried);
        expect(transition.orderStatus === 'FAILED').toBe(said.kind === 'declined');
        expect(transition.orderStatus === 'SUCCESS').toBe(transition.posting !== null);
        expect(transition.state === 'ready' || transition.state === 'dead_lettered').toBe(
          transition.waitSeconds !== null,
        );
        if (transition.state === 'quarantined') expect(transition.reason).toBeTruthy();
        if (said.kind === 'unknown' && tried.sent) expect(transition.provenNotSent).toBe(false);
      }),
    );
  });
});
