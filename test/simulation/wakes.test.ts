import { expect, test } from 'vitest';
import { RECORD_SQL } from '../../adapters/database/statements/record-attempts-sql.ts';
import { FAULT_KINDS, type FaultKind, type PlacedFault } from './faults.ts';
import { listOf, onStatement } from './planted/plant.ts';
import { runSchedule } from './run-schedule.ts';
import { abilitiesOf } from './services/abilities.ts';

const SEEDS = 60;
/** Seconds: longer than any schedule. */
const NEVER = 30 * 24 * 3600;

/** What waits is looked up again only when it is woken, and we let nothing expire. */
const ONLY_WHEN_WOKEN = onStatement(RECORD_SQL, {
  input: (input) => ({
    ...input,
    attempts: listOf(input, 'attempts').map((attempt) =>
      typeof attempt.poll_seconds === 'number'
        ? { ...attempt, poll_seconds: NEVER, expires_seconds: NEVER, expires_at: null }
        : attempt,
    ),
  }),
});

test('no wake is lost under any fault: without polls, events and returns end all that waits', async () => {
  // The PSP repeats what wasn't answered, and tells of what it lets expire: so there is an event of every change.
  const faults = new Set(FAULT_KINDS.filter((kind) => kind !== 'event lost'));
  let wakes = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { violations, answeredWakes } = await runSchedule({
      seed,
      planted: ONLY_WHEN_WOKEN,
      faults,
      abilities: { ...abilitiesOf(seed), lookUpLagSeconds: 30, expiresByItself: true },
      // What waits for its parent sleeps until the parent's poll.
      ordersWithParents: 0,
    });
    expect(violations, `seed ${seed}`).toEqual([]);
    wakes += answeredWakes.length;
  }
  expect(wakes).toBeGreaterThan(SEEDS);
});

const SLOW_PSP: ReadonlySet<FaultKind> = new Set([
  'PSP answers late',
  ...FAULT_KINDS.filter((kind) => /^(event|buyer) /.test(kind)),
]);

/** @returns in seconds, how long wakes took to be followed by a look-up */
async function waitsOf(duringLookUp: boolean, placed: readonly PlacedFault[]): Promise<readonly number[]> {
  const waits: number[] = [];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const schedule = { seed, faults: SLOW_PSP, rate: 0.3, ordersWithParents: 0, placed };
    const { violations, answeredWakes } = await runSchedule(schedule);
    expect(violations, `seed ${seed}`).toEqual([]);
    waits.push(
      ...answeredWakes.filter((wake) => wake.duringLookUp === duringLookUp).map(({ seconds }) => seconds),
    );
  }
  expect(waits.length).toBeGreaterThan(5);
  return waits;
}

/** The relay runs each minute; the rest is what other steps of the schedule take. */
const RELAY_SECONDS = 120;
const RESEND_SECONDS = 6 * 60;

test('a wake during a look-up is followed by another when the relay runs next', async () => {
  const waits = await waitsOf(true, []);
  expect(Math.max(...waits)).toBeGreaterThan(30);
  expect(Math.max(...waits)).toBeLessThan(RELAY_SECONDS);
});

test.each(['receive.queue.send', 'receive.database.receive'])(
  'a wake whose function dies at %s is followed by a look-up after six minutes',
  async (effect) => {
    const kind = effect === 'receive.queue.send' ? 'crash before' : 'crash after';
    const placed = [1, 2, 3, 4, 5, 6].map((call): PlacedFault => ({ effect, kind, call }));
    const waits = await waitsOf(false, placed);
    expect(Math.max(...waits)).toBeGreaterThan(RESEND_SECONDS);
    expect(Math.max(...waits)).toBeLessThan(RESEND_SECONDS + RELAY_SECONDS + 60);
  },
);
