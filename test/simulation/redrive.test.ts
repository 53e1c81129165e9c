import { describe, expect, test } from 'vitest';
import type { DatabaseRow } from '../../adapters/database/database.ts';
import { MARK_SQL, REGISTER_SQL } from '../../adapters/database/statements/redrive-dead-letters.ts';
import { NOTHING_PLANTED, type Planted } from './planted/planted.ts';
import { quietWorld } from './quiet-world.ts';

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
 * Three letters of a PSP that refused our key, whose circuit another payment has closed since: they may go, and will die
 * at once where the PSP refuses the key again.
 */
async function deadLettersOfRefusingPsp(planted: Planted) {
  const quiet = quietWorld(planted);
  const [psp] = quiet.world.psps;
  psp?.refuseFor(120_000);
  quiet.world.accept('sim_ok', 3);
  await quiet.run();
  await quiet.later(200);
  quiet.world.accept('sim_ok', 2);
  await quiet.later(1);
  expect(quiet.world.queues.dead.metrics().visible).toBe(3);
  const refuseAgain = () => psp?.refuseFor(600_000);
  const deadLetters = () => [...quiet.model.state.deadLetters.values()];
  return { ...quiet, refuseAgain, deadLetters };
}
const REST_MINUTES = 5;

describe('a dead letter that dies again before it is noted that it went back', () => {
  /** Its first redrive notes that only when it has died again. */
  async function diedBeforeTheMark(believesMarks: boolean) {
    const noting = gate();
    const quiet = await deadLettersOfRefusingPsp({
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
    quiet.refuseAgain();
    quiet.world.redrive('schedule');
    await quiet.later(1);
    await quiet.later(1);
    expect(quiet.deadLetters().map(({ timesSeen }) => timesSeen)).toEqual([2, 2, 2]);
    noting.open();
    await quiet.later(1);
    return quiet;
  }

  test('waits, and rests as long as its cycle does', async () => {
    const { world, later, deadLetters } = await diedBeforeTheMark(false);
    expect(deadLetters().map(({ redrivenAt }) => redrivenAt)).toEqual([null, null, null]);

    await later(120);
    world.redrive('schedule');
    await later(60);
    expect(world.queues.dead.metrics().visible).toBe(3);
    expect(world.violations).toEqual([]);
  });

  test('goes back once it has rested', async () => {
    const { world, later, rows } = await diedBeforeTheMark(false);

    await later(REST_MINUTES * 60 + 600);
    world.redrive('schedule');
    for (let minute = 0; minute < 5; minute += 1) {
      await later(60);
      world.relay();
    }
    await later(60);
    expect(rows().filter(({ state }) => state === 'dead_lettered')).toEqual([]);
    expect(world.violations).toEqual([]);
  });

  test('is caught by the watch where the note is taken for the truth', async () => {
    const { world, later } = await diedBeforeTheMark(true);

    await later(130);
    world.redrive('schedule');
    await later(10);
    expect(world.violations).not.toEqual([]);
  });
});

describe('a dead letter that dies again while a second redrive holds an older plan', () => {
  async function diedSincePlanned(tellsCycle: boolean) {
    const receiving = gate();
    const quiet = await deadLettersOfRefusingPsp({
      ...NOTHING_PLANTED,
      deadLetterQueue: (queue) => ({
        ...queue,
        // With something held, dead letters are moved singly.
        count: async () => ({ ...(await queue.count()), held: 1 }),
        receive: async (seconds) => {
          await receiving.pass();
          const received = await queue.receive(seconds);
          return tellsCycle
            ? received
            : received.map((deadLetter) => ({ ...deadLetter, attributes: CYCLE_UNTOLD }));
        },
      }),
    });
    quiet.refuseAgain();
    quiet.world.redrive('schedule');
    await quiet.later(1);
    quiet.world.redrive('alarm');
    for (let second = 0; second < 5; second += 1) await quiet.later(1);
    expect(quiet.deadLetters().map(({ timesSeen }) => timesSeen)).toEqual([2, 2, 2]);
    receiving.open();
    await quiet.later(1);
    await quiet.later(60);
    return quiet;
  }
  const CYCLE_UNTOLD = { cycle: { DataType: 'Number' } };

  test('is judged anew', async () => {
    const { world, deadLetters } = await diedSincePlanned(true);

    expect(deadLetters().map(({ timesSeen }) => timesSeen)).toEqual([2, 2, 2]);
    expect(world.violations).toEqual([]);
  });

  test('is caught by the watch where the older plan is believed', async () => {
    expect((await diedSincePlanned(false)).world.violations).not.toEqual([]);
  });
});

test('a dead letter that a cancelled move left behind is judged as one that waits', async () => {
  const { world, later, deadLetters, model } = await deadLettersOfRefusingPsp(NOTHING_PLANTED);
  for (const deadLetter of deadLetters()) deadLetter.redrivenAt = deadLetter.lastSeenAt;
  model.state.pauses.add('psp:simulator');

  world.redrive('schedule');
  await later(10);

  expect(deadLetters().map(({ redrivenAt }) => redrivenAt)).toEqual([null, null, null]);
  expect(world.queues.dead.metrics().visible).toBe(3);
});
