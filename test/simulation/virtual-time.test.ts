import { describe, expect, test } from 'vitest';
import { faultlessSimulation } from './faultless-simulation.ts';

/** A payment of three orders: the first is declined, as ids that end in 0 or 2 are, the other two are charged. */
async function paid() {
  const faultless = faultlessSimulation();
  faultless.simulation.accept('sim_ok', 3);
  await faultless.run();
  return faultless;
}

describe('a message that is delivered again', () => {
  test('thirty minutes later charges nothing, and is acknowledged', async () => {
    const { simulation, queues, later, rows, charges, check } = await paid();
    expect(charges()).toHaveLength(2);
    await later(30 * 60);
    for (const row of rows()) simulation.interference.sendAgain(row);
    await later(1);
    expect(charges()).toHaveLength(2);
    expect(queues.main.metrics()).toMatchObject({ visible: 0, inFlight: 0 });
    check();
  });

  test('outside of the deduplication window, its consumed record lost, charges nothing either', async () => {
    const { simulation, later, rows, charges, check } = await paid();
    simulation.services.consumed.keys.clear();
    await later(6 * 60);
    for (const row of rows()) simulation.interference.sendAgain(row);
    await later(1);
    expect(charges()).toHaveLength(2);
    expect(simulation.services.consumed.keys.size).toBe(3);
    check();
  });
});

describe('dead letters', () => {
  /** A PSP that refuses our key: the first batch dies, what comes later waits for the circuit. */
  async function refused() {
    const faultless = faultlessSimulation();
    faultless.psps[0]?.refuseFor(120_000);
    faultless.simulation.accept('sim_ok', 3);
    await faultless.run();
    expect(faultless.rows().map(({ state }) => state)).toEqual(Array(3).fill('dead_lettered'));
    expect(faultless.queues.dead.metrics().visible).toBe(3);
    return faultless;
  }

  test('go back once the PSP takes our key, while other payments come in', async () => {
    const { simulation, later, relayFor, rows, charges, check } = await refused();
    await later(200);
    simulation.redrive('schedule');
    simulation.accept('sim2_ok', 2);
    simulation.accept('sim_ok', 2);
    await later(30);
    simulation.relay();
    await relayFor(4);
    expect(rows().filter(({ state }) => state === 'dead_lettered')).toEqual([]);
    expect(charges()).toHaveLength(rows().filter(({ state }) => state === 'succeeded').length);
    expect(rows().every(({ state }) => state === 'succeeded' || state === 'declined')).toBe(true);
    check();
  });

  test('are moved once when two alarms fire at once', async () => {
    const { simulation, later, relayFor, rows, charges, check } = await refused();
    await later(200);
    simulation.redrive('alarm');
    simulation.redrive('alarm');
    await relayFor(5);
    expect(rows().map(({ state }) => state)).toEqual(['declined', 'succeeded', 'succeeded']);
    expect(rows().map(({ cycle }) => cycle)).toEqual(Array(3).fill(1));
    expect(charges()).toHaveLength(2);
    check();
  });

  test('stay while the circuit is open', async () => {
    const { simulation, queues, later } = await refused();
    await later(5);
    simulation.redrive('alarm');
    await later(1);
    expect(queues.dead.metrics().visible).toBe(3);
  });
});
