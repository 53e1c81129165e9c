import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffSeconds, isParked, rateLimitSeconds } from '../../../domain/payment/backoff.ts';
import {
  consumedKeyOf,
  deduplicationIdOf,
  type InstructionState,
  instructionMessageBody,
  isTerminal,
  pspIdempotencyKeyOf,
} from '../../../domain/payment/instruction.ts';
import {
  type AttemptHistory,
  firstStepOf,
  maySendAgain,
  stepAfterLookUp,
} from '../../../domain/payment/next-step.ts';
import type { OperationAbilities } from '../../../domain/payment/psp-abilities.ts';
import type { PspState } from '../../../domain/payment/psp-outcome.ts';

const ABILITIES: OperationAbilities = {
  keyLifetimeSeconds: 1_000,
  lookUpLagSeconds: 1,
  maxInFlightSeconds: 10,
  invalidatesByKey: false,
  expiresByItself: false,
  replaysStoredServerErrors: false,
  keyScopeIncludesCredential: false,
  deduplicatesByReference: false,
};

const FRESH: AttemptHistory = {
  allProvenNotSent: true,
  ageSeconds: 0,
  awaits: null,
  isSameCredential: true,
  isTooLateToSend: false,
  isExpired: false,
};

describe('the next step', () => {
  test('is to send only where every attempt before is proven never to have been sent', () => {
    expect(firstStepOf({ ...FRESH, allProvenNotSent: true, ageSeconds: 0 })).toBe('send');
    expect(firstStepOf({ ...FRESH, allProvenNotSent: false, ageSeconds: 0 })).toBe('look_up');
  });

  test('after "not found" is to send again while the PSP surely remembers the key', () => {
    const may = (ageSeconds: number, abilities = ABILITIES) =>
      maySendAgain({ ...FRESH, allProvenNotSent: false, ageSeconds }, abilities, 30);
    expect(may(959)).toBe(true);
    expect(may(960)).toBe(false);
    expect(may(0, { ...ABILITIES, keyLifetimeSeconds: null })).toBe(false);
    expect(may(0, { ...ABILITIES, lookUpLagSeconds: null })).toBe(false);
    expect(may(0, { ...ABILITIES, replaysStoredServerErrors: true })).toBe(false);
  });

  test('after "not found" is never to send again what the PSP has accepted', () => {
    const history = { ...FRESH, allProvenNotSent: false };
    expect(maySendAgain({ ...history, awaits: 'buyer' }, ABILITIES, 30)).toBe(false);
    expect(maySendAgain({ ...history, awaits: 'psp' }, ABILITIES, 30)).toBe(false);
  });

  test('under another credential is to send again only where keys don’t depend on the credential', () => {
    const history = { ...FRESH, allProvenNotSent: false, isSameCredential: false };
    expect(maySendAgain(history, ABILITIES, 30)).toBe(true);
    const scoped = { ...ABILITIES, keyScopeIncludesCredential: true };
    expect(maySendAgain(history, scoped, 30)).toBe(false);
    expect(maySendAgain({ ...history, isSameCredential: true }, scoped, 30)).toBe(true);
  });

  test('is to send again for ever where the PSP takes a reference only once', () => {
    const history = { ...FRESH, allProvenNotSent: false, ageSeconds: 10 ** 7, isSameCredential: false };
    const abilities = { ...ABILITIES, keyLifetimeSeconds: null, keyScopeIncludesCredential: true };
    expect(maySendAgain(history, abilities, 30)).toBe(false);
    const unique = { ...abilities, deduplicatesByReference: true };
    expect(maySendAgain(history, unique, 30)).toBe(true);
    expect(maySendAgain(history, { ...unique, lookUpLagSeconds: null }, 30)).toBe(false);
    expect(maySendAgain(history, { ...unique, replaysStoredServerErrors: true }, 30)).toBe(false);
  });

  test('is never to send again to a PSP that remembers no key, though the clock has gone back', () => {
    const history = { ...FRESH, allProvenNotSent: false, ageSeconds: -3_600 };
    expect(maySendAgain(history, { ...ABILITIES, keyLifetimeSeconds: null }, 30)).toBe(false);
  });
});

describe('the step after a look-up', () => {
  const step = (
    outcome: PspState | 'not_found',
    { isExpired = false }: Partial<AttemptHistory> = {},
    { invalidates = true, isResolved = false } = {},
  ) =>
    stepAfterLookUp(
      outcome === 'not_found' ? { kind: 'not_found' } : { kind: 'found', outcome },
      { isExpired },
      { invalidatesByKey: invalidates },
      isResolved,
    );
  const OPEN: PspState = { kind: 'requires_action', pspReference: 'x', redirectUrl: 'https://x' };
  const APPROVED: PspState = { ...OPEN, redirectUrl: null };
  const PENDING: PspState = { kind: 'pending', pspReference: 'x' };
  const DECLINED: PspState = {
    kind: 'declined',
    decline: { category: 'other', code: 'c', pspCode: 'p' },
    isFinal: false,
  };

  test.each([OPEN, PENDING])(
    'of what is open is none before it expires, then its invalidation: %o',
    (outcome) => {
      expect(step(outcome)).toBe('none');
      expect(step(outcome, { isExpired: true })).toBe('invalidate');
      expect(step(outcome, { isExpired: true }, { invalidates: false })).toBe('none');
    },
  );

  test('of what the buyer has approved is its confirmation, but when it has expired or is resolved', () => {
    expect(step(APPROVED)).toBe('confirm');
    expect(step(APPROVED, { isExpired: true })).toBe('invalidate');
    expect(step(APPROVED, {}, { isResolved: true })).toBe('none');
  });

  test('of a buyer’s failed action that could be repeated is its invalidation', () => {
    expect(step(DECLINED)).toBe('invalidate');
    expect(step(DECLINED, {}, { invalidates: false })).toBe('none');
    expect(step({ ...DECLINED, isFinal: true })).toBe('none');
  });

  test('of what is not found is its invalidation once it is resolved or has expired', () => {
    expect(step('not_found')).toBe('none');
    expect(step('not_found', {}, { isResolved: true })).toBe('invalidate');
    expect(step('not_found', { isExpired: true })).toBe('invalidate');
    expect(step('not_found', {}, { isResolved: true, invalidates: false })).toBe('none');
  });
});

describe('backoff', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  test('is jittered in full between one second and a ceiling that doubles up to ten minutes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), random, (attemptNo, chance) => {
        const seconds = backoffSeconds(attemptNo, chance);
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(1);
        expect(seconds).toBeLessThanOrEqual(Math.min(600, 2 * 2 ** attemptNo));
      }),
    );
    expect(backoffSeconds(1, 0)).toBe(1);
    expect(backoffSeconds(1, 0.999)).toBe(4);
    expect(backoffSeconds(3, 0.5)).toBe(8);
    expect(backoffSeconds(50, 0.999999)).toBe(600);
  });

  test('gives way to what the PSP asks for, within a day', () => {
    expect(rateLimitSeconds(7)).toBe(7);
    expect(rateLimitSeconds(0)).toBe(1);
    expect(rateLimitSeconds(1.2)).toBe(2);
    expect(rateLimitSeconds(10 ** 9)).toBe(86_400);
    expect(rateLimitSeconds(undefined)).toBe(1);
  });

  test('is parked past two minutes', () => {
    expect(isParked(120)).toBe(false);
    expect(isParked(121)).toBe(true);
  });
});

describe('an instruction', () => {
  const key = { instructionId: 'ins_1', groupId: 'ord_1', operation: 'charge' } as const;
  test('is terminal in four states', () => {
    const states: InstructionState[] = [
      'ready',
      'executing',
      'succeeded',
      'declined',
      'awaiting_buyer',
      'awaiting_psp',
      'cancelled',
      'dead_lettered',
      'quarantined',
    ];
    expect(states.filter(isTerminal)).toEqual(['succeeded', 'declined', 'cancelled']);
  });
  test('is one request to the PSP whatever the attempt, and one consumed message per restore epoch', () => {
    expect(pspIdempotencyKeyOf('ins_1')).toBe('ins_1');
    expect(consumedKeyOf(key, '2')).toBe('2#ord_1#charge#ins_1');
    expect(deduplicationIdOf('ins_1', 3)).toBe('ins_1#3');
    expect(JSON.parse(instructionMessageBody(key))).toEqual({
      version: 1,
      instruction_id: 'ins_1',
      group_id: 'ord_1',
      operation: 'charge',
    });
  });
});
