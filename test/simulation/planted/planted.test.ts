import { expect, test } from 'vitest';
import { runSchedule } from '../run-schedule.ts';
import { BUGS } from './bugs.ts';

/** The rarest needs a few hundred seeds: a worker that was overtaken must come back at the wrong moment. */
const SEEDS = 600;

test('there are many ways to get it wrong', () => {
  expect(BUGS.length).toBeGreaterThanOrEqual(15);
});

test.each(BUGS.map((bug) => [bug.name, bug] as const))('whoever would %s is caught', async (_name, bug) => {
  let caught: number | undefined;
  for (let seed = 1; seed <= SEEDS && caught === undefined; seed += 1) {
    const { violations } = await runSchedule({ ...bug.where, seed, planted: bug.planted });
    if (violations.length > 0) caught = seed;
  }
  expect(caught).toBeDefined();
});

test.each(BUGS.flatMap(({ name, where }) => (where === undefined ? [] : [[name, where] as const])))(
  'nothing is found where nobody would %s',
  async (_name, where) => {
    for (let seed = 1; seed <= 100; seed += 1)
      expect((await runSchedule({ ...where, seed })).violations).toEqual([]);
  },
);
