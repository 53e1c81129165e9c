import { expect } from 'vitest';
import { checkInvariants } from './checks/invariants.ts';
import { type FaultKind, Faults } from './faults.ts';
import { ModelDatabase } from './model/model-database.ts';
import { NOTHING_PLANTED } from './planted/planted.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { Simulation } from './simulation.ts';

const ABILITIES = {
  keyLifetimeSeconds: 24 * 3600,
  lookUpLagSeconds: 30,
  maxInFlightSeconds: 30,
  invalidatesByKey: true,
  expiresByItself: false,
  replaysStoredServerErrors: false,
  keyScopeIncludesCredential: false,
  deduplicatesByReference: false,
};
const NO_FAULTS: ReadonlySet<FaultKind> = new Set();

/** A simulation in which nothing goes wrong by itself: a test decides what happens, and when. */
export function faultlessSimulation(
  planted = NOTHING_PLANTED,
  ordersWithParents = 0,
  callsPerSecond: number | undefined = undefined,
) {
  const random = new Random(1);
  const scheduler = new Scheduler(random, Date.parse('2026-01-01T00:00:00Z'));
  const model = new ModelDatabase(() => scheduler.clock.now());
  const simulation = new Simulation({
    scheduler,
    faults: new Faults({ kinds: NO_FAULTS, rate: 0, placed: [] }, random),
    database: model,
    state: model.state,
    psps: { simulator: ABILITIES, simulator_2: ABILITIES },
    breaksDeduplication: false,
    breaksTimes: false,
    needsConfirmation: false,
    letsOrdersWait: false,
    callsPerSecond,
    redeliversAtOnce: false,
    ordersWithParents,
    planted,
  });
  const { queues, psps } = simulation.services;
  /** Lets everything happen that takes no time. */
  const run = async () => {
    await scheduler.moveTime(0);
    for (;;) {
      if (scheduler.hasSteps) await scheduler.advance();
      else if (!simulation.deliver()) return;
      await scheduler.moveTime(0);
    }
  };
  const later = async (seconds: number) => {
    await scheduler.moveTime(seconds * 1000);
    await run();
  };
  /** In the steps in which the relay looks again while a circuit is awaited. */
  const aMinute = async () => {
    for (let second = 0; second < 60; second += 5) await later(5);
  };
  /** The relay's schedule, for so many minutes. */
  const relayFor = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      await aMinute();
      simulation.relay();
    }
    await aMinute();
  };
  const rows = () => [...model.state.instructions.values()];
  const charges = () => psps.flatMap((psp) => psp.landed);
  const violations = () => simulation.violations.found;
  const check = () => expect(checkInvariants(model.state, psps)).toEqual([]);
  return {
    simulation,
    scheduler,
    queues,
    psps,
    model,
    run,
    later,
    relayFor,
    rows,
    charges,
    violations,
    check,
  };
}
