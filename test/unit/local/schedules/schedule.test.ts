import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../../local/clock.ts';
import { RunningSchedule } from '../../../../local/schedules/schedule.ts';
import type { ServiceRequest } from '../../../../local/service-request.ts';
import { TinyFunction, type TinyFunctionOptions } from '../../../support/tiny-function.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);
const HANDLER = `export const handler = async (event) => {
  console.log(JSON.stringify(event));
  if (process.env.FAILS) throw new Error('no');
};`;

let clock: VirtualClock;
const functions: TinyFunction[] = [];

beforeEach(() => {
  clock = new VirtualClock(START);
});
afterEach(async () => {
  for (const one of functions.splice(0)) await one.close();
});

/** A function whose runs are seen: an invocation's event, and who invoked it. */
function watched(options: TinyFunctionOptions = {}) {
  const events: unknown[] = [];
  const requests: ServiceRequest[] = [];
  let tell = () => {};
  const made = new TinyFunction(HANDLER, {
    onLine: (line) => {
      // The host's own word that a run failed is none of the function's.
      const said = JSON.parse(line);
      if (said.level !== 'ERROR') events.push(said);
      tell();
    },
    observer: (request) => {
      requests.push(request);
      tell();
    },
    ...options,
  });
  functions.push(made);
  /** Resolves when so many runs have ended and said what they had to. */
  const runs = async (count: number) => {
    while (events.length < count || requests.length < count)
      await new Promise<void>((resolve) => {
        tell = resolve;
      });
    return events;
  };
  return { host: made.host, requests, runs };
}

function every(periodMilliseconds: number, ...of: readonly ReturnType<typeof watched>[]): RunningSchedule {
  const hosts = new Map(of.map(({ host }, index) => [`arn:${index}`, host]));
  const schedule = new RunningSchedule({
    resource: {
      logicalId: 'Rule',
      arn: 'arn:aws:events:us-east-1:000000000000:rule/Rule',
      periodMilliseconds,
      functionArns: [...hosts.keys()],
    },
    clock,
    invoke: async (functionArn, event) => {
      await hosts
        .get(functionArn)
        ?.invoke(event, 'events')
        .catch(() => {});
    },
  });
  schedule.start();
  return schedule;
}

/** How often the schedule has run it: what is invoked last, of a function that does one thing at a time, ends last. */
async function runsOf(of: ReturnType<typeof watched>): Promise<number> {
  await of.host.invoke({ marker: true }, 'test');
  return of.requests.filter(({ caller }) => caller === 'events').length;
}

describe('a schedule', () => {
  test('invokes its function after each period, with the event of EventBridge', async () => {
    const work = watched();
    every(2 * MINUTE, work);
    clock.advance(2 * MINUTE);
    await work.runs(1);
    clock.advance(2 * MINUTE);

    expect(await work.runs(2)).toEqual([
      expect.objectContaining({ source: 'aws.events', time: '2026-01-01T00:02:00.000Z' }),
      expect.objectContaining({ 'detail-type': 'Scheduled Event', time: '2026-01-01T00:04:00.000Z' }),
    ]);
  });

  test('is the caller "events" of its function', async () => {
    const work = watched();
    every(MINUTE, work);
    clock.advance(MINUTE);
    await work.runs(1);

    expect(work.requests).toMatchObject([{ service: 'lambda', caller: 'events' }]);
  });

  test('does nothing before its first period is over', async () => {
    const work = watched({ concurrency: 1 });
    every(MINUTE, work);
    clock.advance(MINUTE - 1);

    expect(await runsOf(work)).toBe(0);
  });

  test('invokes every one of its targets', async () => {
    const [one, other] = [watched(), watched()];
    every(MINUTE, one, other);
    clock.advance(MINUTE);

    expect([await one.runs(1), await other.runs(1)]).toMatchObject([[{}], [{}]]);
  });

  test('goes on after a run that failed', async () => {
    const work = watched({ environment: { FAILS: 'yes' } });
    every(MINUTE, work);
    clock.advance(MINUTE);
    await work.runs(1);
    clock.advance(MINUTE);

    expect(await work.runs(2)).toHaveLength(2);
  });

  test('does not wait for a run that lasts longer than its period', async () => {
    const work = watched();
    every(MINUTE, work);
    clock.advance(3 * MINUTE);

    expect(await work.runs(3)).toHaveLength(3);
  });

  test('that was closed invokes nothing more', async () => {
    const work = watched({ concurrency: 1 });
    const schedule = every(MINUTE, work);
    clock.advance(MINUTE);
    schedule.close();
    clock.advance(10 * MINUTE);

    expect(await runsOf(work)).toBe(1);
  });

  test('that was closed can be started again, with a new period', async () => {
    const work = watched({ concurrency: 1 });
    const schedule = every(MINUTE, work);
    clock.advance(MINUTE / 2);
    schedule.close();
    schedule.start();
    clock.advance(MINUTE - 1);
    expect(await runsOf(work)).toBe(0);
    clock.advance(1);

    expect(await runsOf(work)).toBe(1);
  });
});
