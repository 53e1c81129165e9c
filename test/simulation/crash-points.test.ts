import { beforeAll, describe, expect, test } from 'vitest';
import { CRASHES, findEffects, pointsOf, runPoint, SEQUELS } from './crash-points.ts';

/** Every effect that a handler has outside itself. One that is missing here, or is here and gone, fails. */
const EFFECTS = [
  'accept.database.accept',
  'accept.queue.send',
  'execute.consumed.find',
  'execute.consumed.record',
  'execute.database.claim',
  'execute.database.poison',
  'execute.database.record',
  'execute.deadLetters.send',
  'execute.psp.charge',
  'execute.psp.invalidate',
  'execute.psp.lookUp',
  'execute.return',
  'execute.visibility.change',
  'receive.database.receive',
  'receive.database.return',
  'receive.queue.send',
  'redrive.consumed.find',
  'redrive.database.mark',
  'redrive.database.plan',
  'redrive.database.poison',
  'redrive.database.register',
  'redrive.queue.count',
  'redrive.queue.moveBack',
  'redrive.queue.receive',
  'redrive.queue.release',
  'relay.database.match',
  'relay.database.relay',
  'relay.queue.send',
];

describe('a crash at', () => {
  let found: readonly string[] = [];
  beforeAll(async () => {
    found = await findEffects();
  });

  test('every effect is tried: these are all there are', () => {
    expect(found).toEqual(EFFECTS);
    expect(pointsOf(EFFECTS)).toHaveLength(EFFECTS.length * CRASHES.length * SEQUELS.length);
  });

  test.each(EFFECTS)('%s, before, after and with its answer lost, breaks no invariant', async (effect) => {
    for (const point of pointsOf([effect])) {
      const { struck, failed } = await runPoint([point], 1);
      expect(
        failed?.violations ?? [],
        `${point.crash}, ${point.sequel}\n${failed?.story.join('\n')}`,
      ).toEqual([]);
      expect(struck, `${point.crash}, ${point.sequel}`).toBeGreaterThan(0);
    }
  });
});
