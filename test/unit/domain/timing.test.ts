import { describe, expect, test } from 'vitest';
import {
  EVERY_AMOUNT,
  type OperationAbilities,
  type PspAbilities,
} from '../../../domain/payment/psp-abilities.ts';
import {
  assertTiming,
  deadlinesOf,
  longestDeadlines,
  TIMING,
  TimingError,
} from '../../../domain/payment/timing.ts';

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

const charging = (charge: OperationAbilities): PspAbilities => ({
  operations: { charge },
  currencies: EVERY_AMOUNT,
});

describe('the protocol’s times', () => {
  test('hold as they are, for the simulator and for a PSP that declares nothing', () => {
    expect(() => assertTiming(TIMING, [charging(ABILITIES)])).not.toThrow();
  });

  test('hold for a PSP without look-up and without keys', () => {
    const psp = { ...ABILITIES, keyLifetimeSeconds: null, lookUpLagSeconds: null };
    expect(() => assertTiming(TIMING, [charging(psp)])).not.toThrow();
  });

  test.each([
    [{ functionTimeoutSeconds: 29 }, 'F (29) ≥ keys + consumed + claim + look-up + send + reserve (30)'],
    [{ sendDeadlineSeconds: 12 }, 'F (30) ≥ keys + consumed + claim + look-up + send + reserve (32)'],
    [{ lookUpDeadlineSeconds: 5 }, 'F (30) ≥ keys + consumed + claim + look-up + send + reserve (32)'],
    [
      { statementDeadlineSeconds: 8, recordReserveSeconds: 11 },
      'F (30) ≥ keys + consumed + claim + look-up + send + reserve (34)',
    ],
    [
      { requestDeadlineSeconds: 3, recordReserveSeconds: 15 },
      'F (30) ≥ keys + consumed + claim + look-up + send + reserve (40)',
    ],
    [{ recordReserveSeconds: 8 }, 'reserve (8) ≥ record + consume + dead letters + hide (9)'],
    [{ statementDeadlineSeconds: 7 }, 'reserve (9) ≥ record + consume + dead letters + hide (10)'],
    [{ requestDeadlineSeconds: 2 }, 'reserve (9) ≥ record + consume + dead letters + hide (12)'],
    [{ leaseSeconds: 34 }, 'L (34) ≥ F + 5 (35)'],
    [{ visibilityTimeoutSeconds: 179 }, 'V (179) ≥ 6 F (180)'],
    [{ defaultMaxInFlightSeconds: 116 }, 'V (180) ≥ L + Z + W (181)'],
    [{ defaultLookUpLagSeconds: 116 }, 'V (180) ≥ L + Z + W (181)'],
    [{ maxReceiveCount: 4 }, 'maxReceiveCount (4) ≥ 5'],
  ])('are refused with %j, by the inequality with its numbers', (change, inequality) => {
    expect(() => assertTiming({ ...TIMING, ...change }, [])).toThrow(
      new TimingError(`The protocol's timing is broken: it must hold that ${inequality}.`),
    );
  });

  test.each([
    [{ sendDeadlineSeconds: 12 }, 'F (30) ≥ keys + consumed + claim + look-up + send + reserve (32)'],
    [{ lookUpDeadlineSeconds: 6 }, 'F (30) ≥ keys + consumed + claim + look-up + send + reserve (33)'],
  ])('are refused for a PSP that answers more slowly: %j', (slow, inequality) => {
    const psps = [charging(ABILITIES), charging({ ...ABILITIES, ...slow })];
    expect(() => assertTiming(TIMING, psps)).toThrow(inequality);
  });

  test('leave a PSP with shorter deadlines the protocol’s own for the others', () => {
    const fast = { ...ABILITIES, sendDeadlineSeconds: 1, lookUpDeadlineSeconds: 1 };
    expect(deadlinesOf(fast)).toEqual({ lookUpSeconds: 1, sendSeconds: 1 });
    expect(longestDeadlines([charging(fast)])).toEqual({ lookUpSeconds: 3, sendSeconds: 10 });
    expect(longestDeadlines([charging({ ...fast, sendDeadlineSeconds: 25 })]).sendSeconds).toBe(25);
  });

  test('are refused as what they are, an error of timing', () => {
    expect(new TimingError('x').name).toBe('TimingError');
  });

  test('need no more than five receives', () => {
    expect(() => assertTiming({ ...TIMING, maxReceiveCount: 5 }, [])).not.toThrow();
  });

  test.each([
    ['lands and shows', { maxInFlightSeconds: 100, lookUpLagSeconds: 45 }],
    ['lands, where nothing is ever shown,', { maxInFlightSeconds: 145, lookUpLagSeconds: null }],
  ])('leave a PSP that %s late the whole visibility time-out and not a second more', (_what, slow) => {
    const psp = { ...ABILITIES, keyLifetimeSeconds: null, ...slow };
    expect(() => assertTiming(TIMING, [charging(psp)])).not.toThrow();
    expect(() =>
      assertTiming(TIMING, [charging({ ...psp, maxInFlightSeconds: slow.maxInFlightSeconds + 1 })]),
    ).toThrow('V (180) ≥ L + Z + W (181)');
  });

  test('want a key remembered for longer than a request may take to land and show', () => {
    expect(() => assertTiming(TIMING, [charging({ ...ABILITIES, keyLifetimeSeconds: 77 })])).not.toThrow();
    expect(() => assertTiming(TIMING, [charging({ ...ABILITIES, keyLifetimeSeconds: 76 })])).toThrow(
      'K (76) > L + Z + W + F (76)',
    );
  });

  test('are refused by the second PSP as by the first', () => {
    expect(() =>
      assertTiming(TIMING, [charging(ABILITIES), charging({ ...ABILITIES, maxInFlightSeconds: 200 })]),
    ).toThrow('V (180) ≥ L + Z + W (236)');
  });
});
