import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AttemptedInstruction,
  decide,
  type ExpectedCharge,
  type Observation,
} from '../../../domain/payment/decide.ts';
import type { OperationAbilities } from '../../../domain/payment/psp-abilities.ts';
import type { PspOutcome } from '../../../domain/payment/psp-outcome.ts';
import { manualReview, rollBack } from '../../../domain/payment/transition.ts';

const ABILITIES: OperationAbilities = {
  keyLifetimeSeconds: 86_400,
  lookUpLagSeconds: 5,
  maxInFlightSeconds: 7,
  invalidatesByKey: false,
  expiresByItself: false,
  replaysStoredServerErrors: false,
  keyScopeIncludesCredential: false,
  deduplicatesByReference: false,
};
const EXPECTED: ExpectedCharge = {
  psp: 'p',
  reference: 'ord_1',
  amountMinor: 100n,
  currency: 'KRW',
  splits: [{ sellerId: 's', amountMinor: 100n }],
};
const FIRST: AttemptedInstruction = {
  operation: 'charge',
  awaits: null,
  secondsPastExpiry: null,
  expected: EXPECTED,
  abilities: ABILITIES,
  attemptNo: 1,
  maybeSentBefore: false,
  isResolved: false,
  isTooLateToSend: false,
  isProbe: false,
  random: 0.5,
};
const CHARGE = { pspReference: 'ch_1', reference: 'ord_1', amountMinor: 100n, currency: 'KRW' };
const DECLINE = { category: 'other', code: 'c', pspCode: 'p' } as const;

const observe = (observation: Observation, instruction: Partial<AttemptedInstruction> = {}) =>
  decide({ ...FIRST, ...instruction }, observation);
const answer = (
  outcome: PspOutcome,
  { sent = true, ...instruction }: Partial<AttemptedInstruction> & { sent?: boolean } = {},
) => observe({ kind: 'answered', outcome, sent }, instruction);

describe('succeeded', () => {
  test('is SUCCESS with its movement and posting', () => {
    const transition = answer({ kind: 'succeeded', charge: CHARGE });
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
    expect(transition).toMatchObject({
      movement: { kind: 'charge', amountMinor: 100n, currency: 'KRW' },
      amounts: { authorized: 100n, captured: 100n },
    });
    expect(transition.postings.map(({ entries }) => entries.length)).toEqual([2]);
  });

  test.each([
    ['another amount', { amountMinor: 101n }, 'answered 101 KRW, requested was 100 KRW'],
    ['another currency', { currency: 'USD' }, 'answered 100 USD, requested was 100 KRW'],
    ['another reference', { reference: 'ord_2' }, 'reference ord_2, requested was ord_1'],
  ])('with %s is never accepted', (_what, change, reason) => {
    const transition = answer({ kind: 'succeeded', charge: { ...CHARGE, ...change } });
    expect(transition).toMatchObject({
      state: 'quarantined',
      orderStatus: 'EXECUTING',
      orderStatusDetail: 'manual_review',
      pspReference: 'ch_1',
      movement: null,
      amounts: {},
      postings: [],
    });
    expect(transition.reason).toContain(reason);
  });
});

test('several charges for one order are never booked as one, whatever each of them is', () => {
  const transition = answer({
    kind: 'succeeded',
    charge: CHARGE,
    furtherCharges: [{ ...CHARGE, pspReference: 'ch_2' }],
  });
  expect(transition).toMatchObject({
    state: 'quarantined',
    orderStatus: 'EXECUTING',
    orderStatusDetail: 'manual_review',
    reason: 'the PSP has 2 charges where one was requested: ch_1, ch_2',
    pspReference: 'ch_1',
    movement: null,
    amounts: {},
    postings: [],
  });
});

test('declined is FAILED with its failure, at once', () => {
  expect(answer({ kind: 'declined', decline: DECLINE, isFinal: true })).toEqual({
    state: 'declined',
    orderStatus: 'FAILED',
    orderStatusDetail: null,
    reason: null,
    failure: DECLINE,
    pspReference: null,
    waiting: null,
    waitSeconds: null,
    parked: false,
    waitsFor: null,
    provenNotSent: false,
    costsNoAttempt: false,
    movement: null,
    amounts: {},
    postings: [],
  });
});

describe('what the PSP has accepted and not ended', () => {
  const OPEN: PspOutcome = { kind: 'requires_action', pspReference: 'ch_1', redirectUrl: 'https://x' };
  const PENDING: PspOutcome = { kind: 'pending', pspReference: 'ch_1' };

  test('waits for the buyer, who is told where to go, and costs no attempt', () => {
    const expiresAt = new Date('2026-01-01T01:00:00Z');
    expect(answer({ ...OPEN, expiresAt })).toMatchObject({
      state: 'awaiting_buyer',
      orderStatus: 'EXECUTING',
      orderStatusDetail: 'awaiting_buyer',
      pspReference: 'ch_1',
      waiting: {
        awaits: 'buyer',
        pollSeconds: 30,
        expiresAt,
        nextAction: { type: 'redirect', url: 'https://x', expiresAt },
      },
      parked: true,
      costsNoAttempt: true,
      provenNotSent: false,
      movement: null,
    });
  });

  test('waits for the PSP, at least as long as it asks', () => {
    expect(answer({ ...PENDING, pollAfterSeconds: 900 })).toMatchObject({
      state: 'awaiting_psp',
      orderStatusDetail: 'awaiting_psp',
      waiting: { awaits: 'psp', pollSeconds: 900, nextAction: null },
    });
  });

  test('is looked up less and less often, up to ten minutes', () => {
    const polls = [1, 2, 3, 9].map((attemptNo) => answer(PENDING, { attemptNo }).waiting?.pollSeconds);
    expect(polls).toEqual([30, 60, 120, 600]);
  });

  test('waits on when a look-up fails, and keeps what it waits for', () => {
    expect(
      answer({ kind: 'unknown', reason: 'reset' }, { awaits: 'buyer', maybeSentBefore: true, sent: false }),
    ).toMatchObject({
      state: 'ready',
      orderStatusDetail: 'awaiting_buyer',
      waiting: null,
      provenNotSent: true,
    });
  });

  test('is no failure after a buyer’s action that the buyer can repeat', () => {
    const declined: PspOutcome = { kind: 'declined', decline: DECLINE, isFinal: false };
    expect(answer(declined, { sent: false })).toMatchObject({ state: 'awaiting_buyer' });
    expect(answer({ ...declined, isFinal: true }, { awaits: 'buyer' })).toMatchObject({
      orderStatus: 'FAILED',
    });
    expect(answer(declined)).toMatchObject({ orderStatus: 'FAILED' });
  });

  test('fails once it is invalidated: with the buyer’s last failure, or as expired', () => {
    expect(observe({ kind: 'invalidated', decline: DECLINE }, { awaits: 'buyer' })).toMatchObject({
      state: 'cancelled',
      orderStatus: 'FAILED',
      failure: DECLINE,
    });
    expect(observe({ kind: 'invalidated' }, { awaits: 'buyer' }).failure).toMatchObject({ code: 'expired' });
    expect(observe({ kind: 'invalidated' }).failure).toMatchObject({ code: 'rolled_back' });
  });

  test.each([OPEN, PENDING])(
    'is for a person, and never FAILED, when it can’t end after its expiry: %o',
    (outcome) => {
      const past = (secondsPastExpiry: number, abilities: Partial<OperationAbilities> = {}) =>
        answer(outcome, { awaits: 'buyer', secondsPastExpiry, abilities: { ...ABILITIES, ...abilities } })
          .state;
      expect(past(-1)).toMatch(/^awaiting_/);
      expect(past(0)).toBe('quarantined');
      expect(past(0, { invalidatesByKey: true })).toMatch(/^awaiting_/);
      expect(past(0, { expiresByItself: true })).toMatch(/^awaiting_/);
      expect(past(86_400, { expiresByItself: true })).toBe('quarantined');
    },
  );
});

test('an authorization that succeeds takes no money: its order waits for the capture', () => {
  expect(answer({ kind: 'succeeded', charge: CHARGE }, { operation: 'authorize' })).toMatchObject({
    state: 'succeeded',
    orderStatus: 'EXECUTING',
    orderStatusDetail: 'authorized',
    movement: null,
    postings: [],
  });
});

test.each(['capture', 'void', 'refund', 'payout'] as const)(
  'a %s is for a person in this version',
  (operation) => {
    expect(answer({ kind: 'succeeded', charge: CHARGE }, { operation }).state).toBe('quarantined');
  },
);

describe.each([
  ['not_sent', { kind: 'not_sent', reason: 'refused' }],
  ['rate_limited', { kind: 'rate_limited', retryAfterSeconds: undefined, maybeSent: false }],
] as const)('%s', (_kind, outcome) => {
  test('is tried again, and proves that nothing was charged', () => {
    const transition = answer(outcome);
    expect(transition).toMatchObject({
      state: 'ready',
      orderStatus: 'EXECUTING',
      orderStatusDetail: 'psp_requested',
      provenNotSent: true,
      movement: null,
      amounts: {},
      postings: [],
    });
    expect(transition.waitSeconds).toBeGreaterThanOrEqual(1);
    expect(transition.reason).toBeTruthy();
  });

  test('says nothing of an attempt before it that may have charged', () => {
    expect(answer(outcome, { maybeSentBefore: true }).orderStatusDetail).toBe('outcome_unknown');
  });
});

describe('a rate limit that may have kept the request', () => {
  const limited = { kind: 'rate_limited', retryAfterSeconds: 1, maybeSent: true } as const;
  test('proves nothing, and waits until the request has landed and shows', () => {
    expect(answer(limited)).toMatchObject({
      state: 'ready',
      orderStatusDetail: 'outcome_unknown',
      waitSeconds: 12,
      provenNotSent: false,
      costsNoAttempt: true,
    });
  });

  test('of a look-up is as any other', () => {
    expect(answer(limited, { sent: false })).toMatchObject({ waitSeconds: 1, provenNotSent: true });
  });
});

test('a PSP that refuses us makes a dead letter with the reason and records that nothing was charged', () => {
  expect(answer({ kind: 'misconfigured', reason: 'bad key' })).toMatchObject({
    state: 'dead_lettered',
    orderStatus: 'EXECUTING',
    orderStatusDetail: 'psp_requested',
    reason: 'the PSP refuses us: bad key',
    provenNotSent: true,
    parked: false,
    waitSeconds: 0,
    movement: null,
    amounts: {},
    postings: [],
  });
});

test('a probe that a PSP refuses is parked again, and is no dead letter', () => {
  expect(answer({ kind: 'misconfigured', reason: 'bad key' }, { isProbe: true })).toMatchObject({
    state: 'ready',
    reason: 'the PSP refuses us: bad key',
    provenNotSent: true,
    parked: true,
    waitsFor: 'circuit',
    waitSeconds: 0,
  });
  expect(answer({ kind: 'not_sent', reason: 'refused' }, { isProbe: true }).waitsFor).toBeNull();
});

describe('unknown', () => {
  const unknown = { kind: 'unknown', reason: 'reset' } as const;
  test('waits until the request has landed and shows', () => {
    expect(answer(unknown)).toMatchObject({
      state: 'ready',
      orderStatus: 'EXECUTING',
      orderStatusDetail: 'outcome_unknown',
      reason: 'reset',
      waitSeconds: 12,
      provenNotSent: false,
    });
  });

  test('waits for landing alone where there is no look-up', () => {
    const transition = answer(unknown, { abilities: { ...ABILITIES, lookUpLagSeconds: null } });
    expect(transition.waitSeconds).toBe(7);
  });

  test('spares a PSP that keeps failing', () => {
    expect(answer(unknown, { attemptNo: 2, random: 0.999 }).waitSeconds).toBe(12 + 4);
  });

  test('of a look-up charges nothing', () => {
    expect(answer(unknown, { sent: false }).provenNotSent).toBe(true);
    expect(answer(unknown, { sent: false }).orderStatusDetail).toBe('psp_requested');
    expect(answer(unknown, { sent: false, maybeSentBefore: true }).orderStatusDetail).toBe('outcome_unknown');
  });
});

test('a wait of more than two minutes is parked', () => {
  expect(answer({ kind: 'rate_limited', retryAfterSeconds: 120, maybeSent: false }).parked).toBe(false);
  expect(answer({ kind: 'rate_limited', retryAfterSeconds: 121, maybeSent: false })).toMatchObject({
    parked: true,
    waitSeconds: 121,
  });
});

describe('a rate limit', () => {
  const limited = { kind: 'rate_limited', retryAfterSeconds: undefined, maybeSent: false } as const;

  test.each([1, 4, 500, 10_000])('costs no attempt, be it the %i.', (attemptNo) => {
    expect(answer(limited, { attemptNo })).toMatchObject({ state: 'ready', costsNoAttempt: true });
  });

  test('is waited out in the queue three times, then in the database until the rate has room', () => {
    expect(answer(limited, { attemptNo: 3 })).toMatchObject({ parked: false, waitsFor: null });
    expect(answer(limited, { attemptNo: 4 })).toMatchObject({ parked: true, waitsFor: 'rate' });
  });

  test('of a named time is waited out by the clock', () => {
    expect(answer({ ...limited, retryAfterSeconds: 900 }, { attemptNo: 9 })).toMatchObject({
      parked: true,
      waitsFor: null,
      waitSeconds: 900,
    });
  });

  test('past the last cycle is tried again, and no person is asked', () => {
    expect(answer(limited, { isResolved: true, sent: false, maybeSentBefore: true })).toMatchObject({
      state: 'ready',
      orderStatusDetail: 'outcome_unknown',
      costsNoAttempt: true,
    });
  });
});

describe('our own lack of time', () => {
  const noTime = { kind: 'no_time', reason: 'too little time left to look_up' } as const;

  test.each([false, true])('is tried again and costs no attempt, past the last cycle: %s', (isResolved) => {
    expect(observe(noTime, { isResolved, maybeSentBefore: true })).toMatchObject({
      state: 'ready',
      orderStatusDetail: 'outcome_unknown',
      reason: 'too little time left to look_up',
      provenNotSent: true,
      costsNoAttempt: true,
    });
  });

  test('costs attempts once it has lasted for hundreds of them', () => {
    expect(observe(noTime, { attemptNo: 499 }).costsNoAttempt).toBe(true);
    expect(observe(noTime, { attemptNo: 500 }).costsNoAttempt).toBe(false);
  });
});

test('what is not found, and not safe to send again, is unknown', () => {
  expect(observe({ kind: 'not_found' }, { maybeSentBefore: true })).toMatchObject({
    state: 'ready',
    orderStatusDetail: 'outcome_unknown',
    reason: 'not found at the PSP, and not safe to send again',
    waitSeconds: 12,
    provenNotSent: true,
  });
});

describe('past the last cycle', () => {
  const resolving = { isResolved: true, maybeSentBefore: true, attemptNo: 25, sent: false };

  test('a charge that is found is SUCCESS with its movement and posting', () => {
    const transition = answer({ kind: 'succeeded', charge: CHARGE }, resolving);
    expect(transition).toMatchObject({ state: 'succeeded', orderStatus: 'SUCCESS', pspReference: 'ch_1' });
    expect(transition).toMatchObject({
      movement: { kind: 'charge', amountMinor: 100n, currency: 'KRW' },
      amounts: { authorized: 100n, captured: 100n },
    });
    expect(transition.postings.map(({ entries }) => entries.length)).toEqual([2]);
  });

  test('a decline that is found is FAILED with its own failure', () => {
    expect(answer({ kind: 'declined', decline: DECLINE, isFinal: true }, resolving)).toMatchObject({
      state: 'declined',
      orderStatus: 'FAILED',
      failure: DECLINE,
    });
  });

  test.each(['never_sent', 'invalidated'] as const)('a charge that is %s is rolled back', (kind) => {
    expect(observe({ kind }, resolving)).toEqual(rollBack());
  });

  test('a roll-back is FAILED, for no fault of the buyer’s', () => {
    expect(rollBack()).toMatchObject({
      state: 'cancelled',
      orderStatus: 'FAILED',
      orderStatusDetail: null,
      failure: { category: 'not_processed', code: 'rolled_back', pspCode: '' },
      movement: null,
      amounts: {},
      postings: [],
      waitSeconds: null,
      parked: false,
      waitsFor: null,
      provenNotSent: false,
    });
  });

  test.each<[string, Observation, string]>([
    [
      'what is not found and can’t be invalidated',
      { kind: 'not_found' },
      'not found at the PSP, which cannot be told to refuse a late request',
    ],
    ...(['unknown', 'not_sent', 'misconfigured'] as const).map((kind): [string, Observation, string] => [
      kind,
      { kind: 'answered', outcome: { kind, reason: 'why' }, sent: false },
      'resolving: why',
    ]),
    [
      'another amount',
      {
        kind: 'answered',
        outcome: { kind: 'succeeded', charge: { ...CHARGE, amountMinor: 99n } },
        sent: false,
      },
      'the PSP answered 99 KRW, requested was 100 KRW',
    ],
  ])('%s is for a person to look at, with the reason', (_name, observation, reason) => {
    expect(observe(observation, resolving)).toMatchObject({
      state: 'quarantined',
      orderStatus: 'EXECUTING',
      orderStatusDetail: 'manual_review',
      reason,
      movement: null,
      amounts: {},
      postings: [],
    });
  });
});

test('manual review posts nothing, sends nothing and keeps the reason', () => {
  expect(manualReview('why')).toMatchObject({
    state: 'quarantined',
    orderStatusDetail: 'manual_review',
    reason: 'why',
    waitSeconds: null,
    movement: null,
    amounts: {},
    postings: [],
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
    fc.constant({ kind: 'declined' as const, decline: DECLINE, isFinal: true }),
    fc.record({
      kind: fc.constantFrom('not_sent' as const, 'unknown' as const, 'misconfigured' as const),
      reason: fc.string({ minLength: 1 }),
    }),
    fc.record({
      kind: fc.constant('rate_limited' as const),
      retryAfterSeconds: fc.option(fc.nat(10 ** 7), { nil: undefined }),
      maybeSent: fc.boolean(),
    }),
    fc.constant({ kind: 'pending' as const, pspReference: 'x' }),
    fc.constant({ kind: 'requires_action' as const, pspReference: 'x', redirectUrl: 'https://x' }),
  );
  const attempt = fc.record({
    attemptNo: fc.integer({ min: 1, max: 100 }),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    sent: fc.boolean(),
    maybeSentBefore: fc.boolean(),
    isResolved: fc.boolean(),
    isProbe: fc.boolean(),
  });

  test('an order fails only by its "no", succeeds only with a movement that is posted, and is else tried again or reviewed', () => {
    fc.assert(
      fc.property(outcome, attempt, (said, tried) => {
        const transition = answer(said, tried);
        expect(transition.orderStatus === 'FAILED').toBe(said.kind === 'declined');
        expect(transition.orderStatus === 'SUCCESS').toBe(transition.movement !== null);
        expect(transition.postings).toHaveLength(transition.movement === null ? 0 : 1);
        expect(transition.state === 'ready' || transition.state === 'dead_lettered').toBe(
          transition.waitSeconds !== null,
        );
        if (transition.state === 'quarantined') expect(transition.reason).toBeTruthy();
        if (said.kind === 'unknown' && tried.sent) expect(transition.provenNotSent).toBe(false);
      }),
    );
  });
});
