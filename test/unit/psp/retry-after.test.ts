import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterSeconds } from '../../../adapters/psp/retry-after.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

describe('Retry-After', () => {
  it.each([
    ['2', 2],
    [' 120 ', 120],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:01:30 GMT', 90],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['99999999999999999999', 86_400],
    ['Fri, 01 Jan 2027 00:00:00 GMT', 86_400],
  ])('reads %j as %i seconds', (header, seconds) => {
    expect(retryAfterSeconds(header, NOW)).toBe(seconds);
  });

  it.each([
    undefined,
    '',
    'soon',
    '-3',
    '1.5',
    '1e3',
    '2026-01-01T00:01:30Z',
    'Thu, 99 Jan 2026 00:01:30 GMT',
  ])('makes nothing of %j', (header) => {
    expect(retryAfterSeconds(header, NOW)).toBeUndefined();
  });

  it('never asks for less than nothing or more than a day', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.nat().map(String),
          fc.date().map((date) => date.toUTCString()),
        ),
        (header) => {
          const seconds = retryAfterSeconds(header, NOW) ?? 0;
          expect(seconds).toBeGreaterThanOrEqual(0);
          expect(seconds).toBeLessThanOrEqual(86_400);
        },
      ),
    );
  });
});
