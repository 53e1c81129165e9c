import { afterEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../../local/clock.ts';
import { TinyFunction, type TinyFunctionOptions } from '../../../support/tiny-function.ts';

/** Returns which environment ran it and how many invocations that has had; `hang` never ends. */
const SOURCE = `
  import { threadId } from 'node:worker_threads';
  let count = 0;
  export const handler = async (event) => {
    count += 1;
    if (event.hang) {
      console.log('hanging');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    return { threadId, count };
  };
`;

let closeAll = async () => {};
afterEach(() => closeAll());

function tiny(options: TinyFunctionOptions = {}): TinyFunction {
  const fresh = new TinyFunction(SOURCE, options);
  closeAll = () => fresh.close();
  return fresh;
}

interface Ran {
  readonly threadId: number;
  readonly count: number;
}

async function manyAtOnce(of: TinyFunction, count: number): Promise<readonly Ran[]> {
  return (await Promise.all(Array.from({ length: count }, () => of.invoke()))) as Ran[];
}

/** A function with an invocation under way that doesn't end by itself. */
async function hanging(options: TinyFunctionOptions = {}) {
  const { promise: started, resolve } = Promise.withResolvers<void>();
  const of = tiny({ ...options, onLine: () => resolve() });
  const outcome = of.invoke({ hang: true }).catch((error: unknown) => error);
  await started;
  return { of, outcome };
}

const environmentsOf = (ran: readonly Ran[]) => new Set(ran.map(({ threadId }) => threadId)).size;

describe('invocations at once', () => {
  test('have an environment each', async () => {
    expect(environmentsOf(await manyAtOnce(tiny({ concurrency: 3 }), 3))).toBe(3);
  });

  test('beyond the reserved concurrency wait for an environment', async () => {
    expect(environmentsOf(await manyAtOnce(tiny({ reservedConcurrency: 1 }), 4))).toBe(1);
  });

  test('beyond the event source’s concurrency wait for an environment', async () => {
    expect(environmentsOf(await manyAtOnce(tiny({ concurrency: 2 }), 6))).toBeLessThanOrEqual(2);
  });

  test('wait in the order in which they came', async () => {
    const ran = await manyAtOnce(tiny({ reservedConcurrency: 1 }), 4);

    expect(ran.map(({ count }) => count)).toEqual([1, 2, 3, 4]);
  });

  test('that wait for one that is killed go on in a fresh environment', async () => {
    const { of, outcome } = await hanging({ reservedConcurrency: 1 });
    const waiting = manyAtOnce(of, 2);
    await of.host.killOne();
    await outcome;

    expect((await waiting).map(({ count }) => count)).toEqual([1, 2]);
  });
});

describe('while all processors are busy', () => {
  const BUSY = { count: 1, areBusy: () => true };

  test('no more environments are opened than processors and one', async () => {
    const turnClock = new VirtualClock();

    expect(environmentsOf(await manyAtOnce(tiny({ processors: BUSY, turnClock }), 6))).toBe(2);
  });

  test('another is opened all the same, when those that are open hang', async () => {
    const turnClock = new VirtualClock();
    const { of } = await hanging({ processors: BUSY, turnClock });
    void of.invoke({ hang: true }).catch(() => {});
    const third = of.invoke();
    turnClock.advance(300);

    expect(await third).toMatchObject({ count: 1 });
  });
});

test('where the processors wait, an invocation has an environment of its own soon', async () => {
  const { of } = await hanging({ processors: { count: 1, areBusy: () => false } });
  void of.invoke({ hang: true }).catch(() => {});

  expect(environmentsOf(await manyAtOnce(of, 2))).toBe(2);
});

describe('killing one environment', () => {
  test('fails the invocation that it is busy with', async () => {
    const { of, outcome } = await hanging();

    expect(await of.host.killOne()).toBe(true);
    expect(await outcome).toMatchObject({ name: 'FunctionError', errorType: 'Runtime.ExitError' });
  });

  test('fails its invocation also while it still starts', async () => {
    const of = tiny();
    const outcome = of.invoke().catch((error: unknown) => error);
    await Promise.resolve();

    expect(await of.host.killOne()).toBe(true);
    expect(await outcome).toMatchObject({ name: 'FunctionError' });
  });

  test('does nothing when none is busy', async () => {
    const of = tiny();
    await of.invoke();

    expect(await of.host.killOne()).toBe(false);
    expect(await of.invoke()).toMatchObject({ count: 2 });
  });
});

describe('closing', () => {
  test('ends what is under way', async () => {
    const { of, outcome } = await hanging();
    await of.host.close();

    expect(await outcome).toMatchObject({ name: 'FunctionError' });
  });

  test('refuses all that wait', async () => {
    const { of } = await hanging({ reservedConcurrency: 1 });
    const waiting = Promise.allSettled([of.invoke(), of.invoke(), of.invoke()]);
    await of.host.close();

    expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });
});
