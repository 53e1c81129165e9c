import { describe, expect, test } from 'vitest';
import { assertTiming, TIMING, TimingError } from '../../domain/payment/timing.ts';

const PSP = {
  keyLifetimeSeconds: 24 * 3600,
  lookUpLagSeconds: 30,
  maxInFlightSeconds: 30,
  invalidatesByKey: false,
  replaysStoredServerErrors: false,
};

describe("the protocol's timing", () => {
  test('holds for a PSP that lands and shows charges within the defaults', () => {
    expect(() => assertTiming(TIMING, [PSP])).not.toThrow();
  });

  test('holds for a PSP without look-up and without keys', () => {
    expect(() =>
      assertTiming(TIMING, [{ ...PSP, keyLifetimeSeconds: null, lookUpLagSeconds: null }]),
    ).not.toThrow();
  });

  test.each([
    [
      'a function time-out too short for a batch',
      { functionTimeoutSeconds: 28 },
      'F (28) ≥ consumed + claim',
    ],
    ['a slower PSP deadline', { sendDeadlineSeconds: 12 }, 'reserve (31)'],
    ['a slower look-up', { lookUpDeadlineSeconds: 5 }, 'reserve (31)'],
    ['a slower claim', { statementDeadlineSeconds: 8, recordReserveSeconds: 11 }, 'reserve (33)'],
    ['slower requests', { requestDeadlineSeconds: 3, recordReserveSeconds: 15 }, 'reserve (37)'],
    [
      'a record that the reserve does not hold',
      { statementDeadlineSeconds: 7 },
      'reserve (9) ≥ record + consume',
    ],
    ['requests that the reserve does not hold', { requestDeadlineSeconds: 2 }, 'dead letters + hide (12)'],
    ['a lease that may end before its holder', { leaseSeconds: 34 }, 'L (34) ≥ F + 5 (35)'],
    ['a visibility below what AWS asks for', { visibilityTimeoutSeconds: 179 }, 'V (179) ≥ 6 F (180)'],
    ['a slow default PSP', { defaultMaxInFlightSeconds: 116 }, 'V (180) ≥ L + Z + W (181)'],
    ['a slow default look-up', { defaultLookUpLagSeconds: 116 }, 'V (180) ≥ L + Z + W (181)'],
    ['too few receives', { maxReceiveCount: 4 }, 'maxReceiveCount (4) ≥ 5'],
  ])('refuses %s', (_, change, inequality) => {
    expect(() => assertTiming({ ...TIMING, ...change }, [])).toThrow(TimingError);
    expect(() => assertTiming({ ...TIMING, ...change }, [])).toThrow(inequality);
  });

  test.each([
    ['lands later than the queue waits', { maxInFlightSeconds: 116 }, 'V (180) ≥ L + Z + W (181)'],
    ['shows charges later than the queue waits', { lookUpLagSeconds: 116 }, 'V (180) ≥ L + Z + W (181)'],
    [
      'forgets keys before a repeat could use them',
      { keyLifetimeSeconds: 125 },
      'K (125) > L + Z + W + F (125)',
    ],
  ])('refuses a PSP that %s', (_, change, inequality) => {
    expect(() => assertTiming(TIMING, [PSP, { ...PSP, ...change }])).toThrow(inequality);
  });

  test('has just enough room in each inequality, so that none holds by a wide accident', () => {
    expect(() => assertTiming(TIMING, [{ ...PSP, maxInFlightSeconds: 115 }])).not.toThrow();
    expect(() => assertTiming(TIMING, [{ ...PSP, keyLifetimeSeconds: 126 }])).not.toThrow();
  });
});
