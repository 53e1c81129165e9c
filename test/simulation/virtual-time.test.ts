import { describe, expect, test } from 'vitest';
import { checkInvariants } from './check.ts';
import { type FaultKind, Faults } from './faults.ts';
import { ModelDatabase } from './model/model-database.ts';
import { NOTHING_PLANTED } from './planted/planted.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { World } from './world.ts';

const ABILITIES = {
  keyLifetimeSeconds: 24 * 3600,
  lookUpLagSeconds: 30,
  landingSeconds: 30,
  cancelsByKey: true,
  replaysStoredServerErrors: false,
};
const NO_FAULTS: ReadonlySet<FaultKind> = new Set();

/** A world in which a test decides what happens, and when. */
function quietWorld() {
  const random = new Random(1);
  const scheduler = new Scheduler(random, Date.parse('2026-01-01T00:00:00Z'));
  const model = new ModelDatabase(() => scheduler.clock.now());
  const world = new World({
    scheduler,
    faults: new Faults({ kinds: NO_FAULTS, rate: 0, placed: [] }, random),
    database: model,
    state: model.state,
    psps: { simulator: ABILITIES, simulator_2: ABILITIES },
    breaksDeduplication: false,
    breaksTimes: false,
    redeliversAtOnce: false,
    planted: NOTHING_PLANTED,
  });
  /** Lets everything happen that can without time. */
  const run = async () => {
    await scheduler.moveTime(0);
    for (;;) {
      if (scheduler.hasSteps) await scheduler.advance();
      else if (!world.deliver()) return;
      await scheduler.moveTime(0);
    }
  };
  const later = async (seconds: number) => {
    await scheduler.moveTime(seconds * 1000);
    await run();
  };
  const rows = () => [...model.state.instructions.values()];
  const charges = () => world.psps.flatMap((psp) => psp.landed);
  const check = () => expect(checkInvariants(model.state, world.psps)).toEqual([]);
  return { world, scheduler, model, run, later, rows, charges, check };
}

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
