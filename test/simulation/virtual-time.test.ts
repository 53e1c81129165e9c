import { describe, expect, test } from 'vitest';
import { quietWorld } from './quiet-world.ts';

/** A payment of three orders: the first is declined, as ids that end in 0 or 2 are, the other two are charged. */
async function paid() {
  const quiet = quietWorld();
  quiet.world.accept('sim_ok', 3);
  await quiet.run();
  return quiet;
}

describe('a message that is delivered again', () => {
  test('thirty minutes later charges nothing, and is acknowledged', async () => {
    const { world, later, rows, charges, check } = await paid();
    expect(charges()).toHaveLength(2);
    await later(30 * 60);
    for (const row of rows()) world.sendAgain(row.id, row.orderId);
    await later(1);
    expect(charges()).toHaveLength(2);
    expect(world.queues.main.metrics()).toMatchObject({ visible: 0, inFlight: 0 });
    check();
  });

  test('outside of the deduplication window, its consumed record lost, charges nothing either', async () => {
    const { world, later, rows, charges, check } = await paid();
    world.consumed.clear();
    await later(6 * 60);
    for (const row of rows()) world.sendAgain(row.id, row.orderId);
    await later(1);
    expect(charges()).toHaveLength(2);
    expect(world.consumed.size).toBe(3);
    check();
  });
});

describe('dead letters', () => {
  /** A PSP that refuses our key: the first batch dies, what comes later waits for the circuit. */
  async function refused() {
    const quiet = quietWorld();
    quiet.world.psps[0]?.refuseFor(120_000);
    quiet.world.accept('sim_ok', 3);
    await quiet.run();
    expect(quiet.rows().map(({ state }) => state)).toEqual(Array(3).fill('dead_lettered'));
    expect(quiet.world.queues.dead.metrics().visible).toBe(3);
    return quiet;
  }

  test('go back once the PSP takes our key, while other payments come in', async () => {
    const { world, later, rows, charges, check } = await refused();
    await later(200);
    world.redrive('schedule');
    world.accept('sim2_ok', 2);
    world.accept('sim_ok', 2);
    await later(30);
    world.relay();
    for (let minute = 0; minute < 4; minute += 1) {
      await later(60);
      world.relay();
    }
    await later(60);
    expect(rows().filter(({ state }) => state === 'dead_lettered')).toEqual([]);
    expect(charges()).toHaveLength(rows().filter(({ state }) => state === 'succeeded').length);
    expect(rows().every(({ state }) => state === 'succeeded' || state === 'declined')).toBe(true);
    check();
  });

  test('are moved once when two alarms fire at once', async () => {
    const { world, later, rows, charges, check } = await refused();
    await later(200);
    world.redrive('alarm');
    world.redrive('alarm');
    for (let minute = 0; minute < 5; minute += 1) {
      await later(60);
      world.relay();
    }
    await later(60);
    expect(rows().map(({ state }) => state)).toEqual(['declined', 'succeeded', 'succeeded']);
    expect(rows().map(({ cycle }) => cycle)).toEqual(Array(3).fill(1));
    expect(charges()).toHaveLength(2);
    check();
  });

  test('stay while the circuit is open', async () => {
    const { world, later } = await refused();
    await later(5);
    world.redrive('alarm');
    await later(1);
    expect(world.queues.dead.metrics().visible).toBe(3);
  });
});
