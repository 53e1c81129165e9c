import { expect, test } from 'vitest';
import { runSchedule } from '../run-schedule.ts';
import { BUGS } from './bugs.ts';

/** The rarest needs a few hundred seeds: a worker that was overtaken must come back at the wrong moment. */
const SEEDS = 600;

test('there are many ways to get it wrong', () => {
  expect(BUGS.length).toBeGreaterThanOrEqual(15);
});

test.each(BUGS.map((bug) => [bug.name, bug] as const))(
  'the planted bug “%s” is caught',
  async (_name, bug) => {
    let caught: number | undefined;
    for (let seed = 1; seed <= SEEDS && caught === undefined; seed += 1) {
      const { violations } = await runSchedule({ ...bug.where, seed, planted: bug.planted });
      if (violations.length > 0) caught = seed;
    }
    expect(caught).toBeDefined();
  },
);

const CIRCUMSTANCES = new Map(
  BUGS.flatMap(({ name, where }) =>
    where === undefined ? [] : [[JSON.stringify(where, spelled), { name, where }]],
  ),
);

/** Bugs that need the same circumstances are told apart by nothing here. */
function spelled(_key: string, value: unknown): unknown {
  return value instanceof Set ? [...value] : value;
}

test.each([...CIRCUMSTANCES.values()])(
  'nothing is found in the circumstances of “$name” without it',
  async ({ where }) => {
    for (let seed = 1; seed <= 100; seed += 1)
      expect((await runSchedule({ ...where, seed })).violations).toEqual([]);
  },
);
