import { expect } from 'vitest';
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
  maxInFlightSeconds: 30,
  invalidatesByKey: true,
  replaysStoredServerErrors: false,
};
const NO_FAULTS: ReadonlySet<FaultKind> = new Set();

/** A world in which a test decides what happens, and when. */
export function quietWorld(planted = NOTHING_PLANTED) {
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
    planted,
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
