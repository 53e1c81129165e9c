import { expect, test } from 'vitest';
import { faultlessSimulation } from './faultless-simulation.ts';

const MINUTE = 60_000;
const LIMITED_MINUTES = 180;
/** By then the first 429s have taught the limiter how slow the PSP must be called. */
const LEARNED_MINUTES = 20;
/** A call in ten seconds, and one whose slot was reserved in the minute before. */
const CALLS_A_MINUTE = 7;
const PAYMENTS = 25;
const ORDERS = 4;
/** Three workers with a batch of ten. */
const UNLIMITED_CALLS = 30;

/** The most calls in any minute of the three hours once the rate was learnt. */
function mostCallsAMinute(callTimes: readonly number[]): number {
  const [first = 0] = callTimes;
  const byMinute = Map.groupBy(callTimes, (at) => Math.floor((at - first) / MINUTE));
  const learned = [...byMinute].filter(
    ([minute]) => minute >= LEARNED_MINUTES && minute < LIMITED_MINUTES - 1,
  );
  return Math.max(...learned.map(([, calls]) => calls.length));
}

test.each([
  ['names no time', undefined],
  ['asks for five seconds', 5],
  ['asks for ten minutes', 600],
])(
  'three hours of a PSP that %s and answers 429 to 95 in 100 calls end no payment',
  async (_what, retryAfter) => {
    const { simulation, psps, queues, run, relayFor, rows, charges, violations, check } =
      faultlessSimulation();
    const [psp] = psps;
    psp?.limitFor(LIMITED_MINUTES * MINUTE, 0.95, retryAfter);
    for (let payment = 0; payment < PAYMENTS; payment += 1) simulation.accept('sim_ok', ORDERS);
    await run();
    await relayFor(LIMITED_MINUTES);
    const states = new Set(rows().map(({ state }) => state));
    expect([...states].sort()).toEqual(['declined', 'ready', 'succeeded']);
    expect(mostCallsAMinute(psp?.callTimes ?? [])).toBeLessThanOrEqual(CALLS_A_MINUTE);

    await relayFor(30);

    expect(rows()).toHaveLength(PAYMENTS * ORDERS);
    expect(new Set(rows().map(({ state }) => state))).toEqual(new Set(['succeeded', 'declined']));
    expect(new Set(rows().map(({ cycle }) => cycle))).toEqual(new Set([0]));
    expect(charges()).toHaveLength(rows().filter(({ state }) => state === 'succeeded').length);
    expect(queues.dead.metrics().visible).toBe(0);
    expect(violations()).toEqual([]);
    check();
  },
);

const CALLS_PER_SECOND = 2;

test('a PSP that declares its rate is called within it, without a 429', async () => {
  const { simulation, psps, run, relayFor, rows, charges, violations, check } = faultlessSimulation(
    undefined,
    0,
    CALLS_PER_SECOND,
  );
  for (let payment = 0; payment < PAYMENTS; payment += 1) simulation.accept('sim_ok', ORDERS);
  await run();
  await relayFor(10);

  expect(new Set(rows().map(({ state }) => state))).toEqual(new Set(['succeeded', 'declined']));
  expect(charges()).toHaveLength(rows().filter(({ state }) => state === 'succeeded').length);
  // The claims under way when the rate becomes known go unlimited.
  const times = (psps[0]?.callTimes ?? []).slice(UNLIMITED_CALLS);
  const inTenSeconds = times.map((from) => times.filter((at) => at >= from && at < from + 10_000).length);
  expect(Math.max(...inTenSeconds)).toBeLessThanOrEqual(11 * CALLS_PER_SECOND);
  expect(violations()).toEqual([]);
  check();
});
