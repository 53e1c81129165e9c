import { describe, expect, test } from 'vitest';
import { runSchedule } from './run-schedule.ts';
import { addResult, emptySummary } from './summary.ts';

/** In parts, so that a slow machine shows where it is. */
const PARTS = 10;
const SCHEDULES_PER_PART = 100;

describe('a thousand schedules with every fault', () => {
  test.each(Array.from({ length: PARTS }, (_, part) => 1 + part * SCHEDULES_PER_PART))(
    'hold every invariant, from seed %i on',
    async (first) => {
      const summary = emptySummary();
      for (let seed = first; seed < first + SCHEDULES_PER_PART; seed += 1) {
        addResult(summary, await runSchedule({ seed }));
      }
      expect(summary.failed).toEqual([]);
      expect(summary.schedules).toBe(SCHEDULES_PER_PART);
      expect(summary.states.succeeded ?? 0).toBeGreaterThan(SCHEDULES_PER_PART);
    },
  );
});

test('the same seed tells the same story', async () => {
  const [one, other] = [await runSchedule({ seed: 738 }), await runSchedule({ seed: 738 })];
  expect(one.story).toEqual(other.story);
  expect(one.story.length).toBeGreaterThan(5);
});
