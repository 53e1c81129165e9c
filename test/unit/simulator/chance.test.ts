import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rolledFault, rolledLatencyMs } from '../../../simulator/chance.ts';
import { INITIAL_SWITCHES, type Settings } from '../../../simulator/switches.ts';

const settings = (change: Partial<Settings>): Settings => ({ ...INITIAL_SWITCHES.settings, ...change });
const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** Falls in this order. */
function rolls(...values: number[]): () => number {
  return () => values.shift() ?? expect.unreachable('rolled more often than was to be expected');
}

describe('faults by chance', () => {
  it.each([
    [0, 'silence'],
    [0.19, 'silence'],
    [0.2, 500],
    [0.49, 500],
    [0.5, undefined],
    [0.99, undefined],
  ])('of 20 %% hanging and 30 %% errors, %d results in %s', (roll, expected) => {
    const fault = rolledFault(settings({ hang_rate: 0.2, server_error_rate: 0.3 }), rolls(roll, 0.9));
    const reply = fault?.processes === false ? fault.reply() : undefined;
    expect(reply?.kind === 'answer' ? reply.status : reply?.kind).toBe(expected);
  });

  it('have charged or not by the toss of a coin', () => {
    const errors = settings({ server_error_rate: 1 });
    expect(rolledFault(errors, rolls(0.7, 0.49))?.processes).toBe(true);
    expect(rolledFault(errors, rolls(0.7, 0.5))?.processes).toBe(false);
  });

  it('are not even rolled for where no switch asks for them', () => {
    expect(rolledFault(settings({}), rolls())).toBeUndefined();
  });
});

describe('latency', () => {
  const latency = { median_ms: 400, sigma: 0.5 };

  it.each([
    ['the median, half of all', 0.5, 0.25, 400],
    ['one sigma above it', 1 - Math.exp(-0.5), 0, 659],
    ['one sigma below it', 1 - Math.exp(-0.5), 0.5, 243],
  ])('is log-normal: %s', (_name, first, second, milliseconds) => {
    expect(rolledLatencyMs(settings({ latency }), rolls(first, second))).toBe(milliseconds);
  });

  it('adds the fixed one, and is nothing else where there is no other', () => {
    expect(rolledLatencyMs(settings({ latency, latency_ms: 5 }), rolls(0.5, 0.25))).toBe(405);
    expect(rolledLatencyMs(settings({ latency_ms: 5 }), rolls())).toBe(5);
  });

  it('is a time that a timer can wait, whatever is rolled and set', () => {
    const spread = fc.record({
      median_ms: fc.integer({ min: 0, max: 60_000 }),
      sigma: fc.double({ min: 0, max: 3, noNaN: true }),
    });
    fc.assert(
      fc.property(spread, uniform, uniform, (latency, first, second) => {
        const milliseconds = rolledLatencyMs(settings({ latency }), rolls(first, second));
        expect(Number.isInteger(milliseconds) && milliseconds >= 0 && milliseconds <= 60_000).toBe(true);
      }),
    );
  });
});
