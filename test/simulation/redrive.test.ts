import { describe, expect, test } from 'vitest';
import type { DatabaseRow } from '../../adapters/database/database.ts';
import { MARK_SQL, REGISTER_SQL } from '../../adapters/database/statements/redrive-dead-letters.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import { faultlessSimulation } from './faultless-simulation.ts';
import { NOTHING_PLANTED, type Planted } from './planted/planted.ts';

/** Where the first to come is held until it is let go. */
function gate() {
  const arrived = () => {};
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let isFirst = true;
  const pass = async () => {
    if (!isFirst) return;
    isFirst = false;
    arrived();
    await opened;
  };
  return { pass, open };
}

/**
 * Three dead letters of a PSP that refused our key, whose circuit another payment has closed since: they may go, and will die
 * at once where the PSP refuses the key again.
 */
async function deadLettersOfRefusingPsp(planted: Planted) {
  const faultless = faultlessSimulation(planted);
  const [psp] = faultless.psps;
  psp?.refuseFor(120_000);
  faultless.simulation.accept('sim_ok', 3);
  await faultless.run();
  await faultless.later(200);
  faultless.simulation.accept('sim_ok', 2);
  await faultless.later(1);
  expect(faultless.queues.dead.metrics().visible).toBe(3);
  const refuseAgain = () => psp?.refuseFor(600_000);
  const deadLetters = () => [...faultless.model.state.deadLetters.values()];
  return { ...faultless, refuseAgain, deadLetters };
}
const REST_MINUTES = 5;

describe('a dead letter that returns before its redrive is recorded', () => {
  /** Its first redrive notes that only when it has died again. */
  async function diedBeforeTheMark(believesMarks: boolean) {
    const noting = gate();
    const faultless = await deadLettersOfRefusingPsp({
      ...NOTHING_PLANTED,
      database: (database) => ({
        execute: async (sql, input): Promise<readonly DatabaseRow[]> => {
          if (sql === MARK_SQL) await noting.pass();
          const isAbout = sql === MARK_SQL || sql === REGISTER_SQL;
          const believing = { marks_any: true, believes_marks: true };
          return database.execute(
            sql,
            isAbout && believesMarks ? Object.assign({}, input, believing) : input,
          );
        },
      }),
    });
    faultless.refuseAgain();
    faultless.simulation.redrive('schedule');
    await faultless.later(1);
    await faultless.later(1);
    expect(faultless.deadLetters().map(({ timesSeen }) => timesSeen)).toEqual([2, 2, 2]);
    noting.open();
    await faultless.later(1);
    return faultless;
  }

  test('waits, and rests as long as its cycle does', async () => {
    const { simulation, queues, later, deadLetters, violations } = await diedBeforeTheMark(false);
    expect(deadLetters().map(({ redrivenAt }) => redrivenAt)).toEqual([null, null, null]);

    await later(120);
    simulation.redrive('schedule');
    await later(60);
    expect(queues.dead.metrics().visible).toBe(3);
    expect(violations()).toEqual([]);
  });

  test('goes back once it has rested', async () => {
    const { simulation, later, relayFor, rows, violations } = await diedBeforeTheMark(false);

    await later(REST_MINUTES * 60 + 600);
    simulation.redrive('schedule');
    await relayFor(5);
    expect(rows().filter(({ state }) => state === 'dead_lettered')).toEqual([]);
    expect(violations()).toEqual([]);
  });

  test('is caught by the check if the record is trusted', async () => {
    const { simulation, later, violations } = await diedBeforeTheMark(true);

    await later(130);
    simulation.redrive('schedule');
    await later(10);
    expect(violations()).not.toEqual([]);
  });
});

describe('a dead letter that returns while a second redrive has an older plan', () => {
  async function diedSincePlanned(tellsCycle: boolean) {
    const receiving = gate();
    const faultless = await deadLettersOfRefusingPsp({
      ...NOTHING_PLANTED,
      deadLetterQueue: (queue) => ({
        ...queue,
        receive: async (seconds) => {
          await receiving.pass();
          const received = await queue.receive(seconds);
          return tellsCycle
            ? received
            : received.map((deadLetter) => ({ ...deadLetter, attributes: CYCLE_UNTOLD }));
        },
      }),
    });
    faultless.refuseAgain();
    faultless.simulation.redrive('schedule');
    await faultless.later(1);
    faultless.simulation.redrive('alarm');
    for (let second = 0; second < 5; second += 1) await faultless.later(1);
    expect(faultless.deadLetters().map(({ timesSeen }) => timesSeen)).toEqual([2, 2, 2]);
    receiving.open();
    await faultless.later(1);
    await faultless.later(60);
    return faultless;
  }
  const CYCLE_UNTOLD = { cycle: { DataType: 'Number' } };

  test('is decided again', async () => {
    const { deadLetters, violations } = await diedSincePlanned(true);

    expect(deadLetters().map(({ timesSeen }) => timesSeen)).toEqual([2, 2, 2]);
    expect(violations()).toEqual([]);
  });

  test('is caught by the check if the older plan is trusted', async () => {
    expect((await diedSincePlanned(false)).violations()).not.toEqual([]);
  });
});

test('a plan for a message that SQS moved does not apply to the dead letter that follows it', async () => {
  const receiving = gate();
  const { simulation, queues, model, scheduler, later, rows, violations } = await deadLettersOfRefusingPsp({
    ...NOTHING_PLANTED,
    deadLetterQueue: (queue) => ({
      ...queue,
      receive: async (seconds) => {
        await receiving.pass();
        return queue.receive(seconds);
      },
    }),
  });
  const [row] = rows();
  const deadLetter = model.state.deadLetters.get(row?.id ?? '');
  if (row === undefined || deadLetter === undefined) throw new Error('a dead letter');
  // It went back; in its second cycle SQS has moved its message, a while ago, and nobody has received it since.
  expect(queues.dead.take()?.body).toContain(row.id);
  Object.assign(row, { state: 'ready', cycle: 1, notBefore: scheduler.clock.now() });
  Object.assign(deadLetter, { cycle: 1, messageId: 'moved' });
  await later(REST_MINUTES * 60);
  simulation.redrive('schedule');
  await later(1);

  row.attemptsInCycle = TIMING.attemptsPerCycle;
  simulation.interference.sendAgain(row);
  await later(1);
  expect(row.state).toBe('dead_lettered');
  receiving.open();
  await later(1);

  expect(violations()).toEqual([]);
  expect(row.state).toBe('dead_lettered');
});

test('a dead letter recorded as gone that is still in the queue is treated as waiting', async () => {
  const { simulation, queues, later, deadLetters, model } = await deadLettersOfRefusingPsp(NOTHING_PLANTED);
  for (const deadLetter of deadLetters()) deadLetter.redrivenAt = deadLetter.lastSeenAt;
  model.state.pauses.add('psp:simulator');

  simulation.redrive('schedule');
  await later(10);

  expect(deadLetters().map(({ redrivenAt }) => redrivenAt)).toEqual([null, null, null]);
  expect(queues.dead.metrics().visible).toBe(3);
});
