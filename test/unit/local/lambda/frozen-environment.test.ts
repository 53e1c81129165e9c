import { afterEach, expect, test } from 'vitest';
import { TinyFunction, type TinyFunctionOptions } from '../../../support/tiny-function.ts';

const made: TinyFunction[] = [];
function tiny(source: string, options: TinyFunctionOptions = {}): TinyFunction {
  const fresh = new TinyFunction(source, options);
  made.push(fresh);
  return fresh;
}
afterEach(async () => {
  for (const one of made.splice(0)) await one.close();
});

/** Leaves a promise behind that is done after ten turns and five milliseconds; each invocation tells when that was. */
const CARELESS = `
  let doneAt;
  const leave = async () => {
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 5));
    doneAt = Date.now();
  };
  export const handler = async (event) => {
    const tell = { doneAt, at: Date.now() };
    if (event.leave) void leave();
    if (event.linger) await new Promise((resolve) => setTimeout(resolve, 100));
    return { ...tell, doneAt: event.linger ? doneAt : tell.doneAt };
  };
`;

interface Told {
  readonly doneAt?: number;
  readonly at: number;
}

/** Another function's cold start: longer than anything that is left behind. */
async function whileOthersWork(): Promise<void> {
  await tiny('export const handler = async () => {};').invoke();
}

test('a promise left behind is not done between invocations, and goes on with the next one', async () => {
  const careless = tiny(CARELESS);
  await careless.invoke({ leave: true });
  await whileOthersWork();
  const thawedAt = Date.now();

  const { doneAt } = (await careless.invoke({ linger: true })) as Told;

  expect(doneAt).toBeGreaterThanOrEqual(thawedAt);
});

test('a promise left behind makes no progress during invocations that are too short for it', async () => {
  const careless = tiny(CARELESS);
  await careless.invoke({ leave: true });
  await whileOthersWork();

  expect(await careless.invoke()).not.toHaveProperty('doneAt');
});

test('an environment is frozen after an invocation that failed, too', async () => {
  const careless = tiny(`
    let ticks = 0;
    export const handler = async (event) => {
      if (event.tell) return ticks;
      setInterval(() => { ticks += 1; }, 1);
      throw new Error('failed');
    };
  `);
  await careless.invoke().catch(() => {});
  await whileOthersWork();

  expect(await careless.invoke({ tell: true })).toBeLessThan(5);
});

test('a timer that is set after the thaw takes its full time', async () => {
  const timed = tiny(`
    export const handler = async () => {
      const startedAt = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return performance.now() - startedAt;
    };
  `);
  await timed.invoke();
  await whileOthersWork();

  expect(await timed.invoke()).toBeGreaterThan(45);
});

test('a connection that was kept is used again after the thaw', async () => {
  const client = tiny(`
    import { createServer, request, Agent } from 'node:http';
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const server = createServer((_message, response) => response.end());
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const get = () => new Promise((resolve, reject) => {
      const sent = request({ agent, port: server.address().port, host: '127.0.0.1' }, (response) => {
        response.resume();
        response.on('end', () => resolve(sent.reusedSocket));
      });
      sent.on('error', reject);
      sent.end();
    });
    export const handler = async () => get();
  `);
  expect(await client.invoke()).toBe(false);
  await whileOthersWork();

  expect(await client.invoke()).toBe(true);
});

test('a frozen environment uses no CPU time, and its past use can be read', async () => {
  const spinning = tiny(`
    export const handler = async () => { setInterval(() => { for (let i = 0; i < 1e6; i += 1); }, 1); };
  `);
  await spinning.invoke();
  await whileOthersWork();
  const before = await spinning.host.cpuMilliseconds();
  await whileOthersWork();

  expect(before).toBeGreaterThan(0);
  expect((await spinning.host.cpuMilliseconds()) - before).toBeLessThan(2);
});

test('a frozen environment is closed at once', async () => {
  const idle = tiny('export const handler = async () => {};');
  await idle.invoke();
  await whileOthersWork();

  await idle.host.close();
});
