import { afterEach, describe, expect, test } from 'vitest';
import type { ServiceRequest } from '../../../../local/service-request.ts';
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

/** Counts its invocations, and does what the event says. */
const COUNTER = `
  let count = 0;
  export const handler = async (event) => {
    count += 1;
    if (event.crash === 'exit') process.exit(1);
    if (event.crash === 'uncaught') setImmediate(() => { throw new Error('out of nowhere'); });
    if (event.crash === 'throw') throw new RangeError('too far');
    if (event.hang || event.crash === 'uncaught') await new Promise((resolve) => setTimeout(resolve, 60_000));
    return count;
  };
`;

describe('an invocation', () => {
  test('gives the function its event and returns its result', async () => {
    const echo = tiny('export const handler = async (event) => ({ got: event });');

    expect(await echo.invoke({ a: [1, null] })).toEqual({ got: { a: [1, null] } });
  });

  test('whose function returns nothing returns null', async () => {
    expect(await tiny('export const handler = async () => {};').invoke()).toBeNull();
  });

  test('tells the function its name, request id and remaining time', async () => {
    const { host } = tiny(
      `export const handler = async (_event, context) => ({
         name: context.functionName,
         id: context.awsRequestId,
         hasTime: context.getRemainingTimeInMillis() > 0 && context.getRemainingTimeInMillis() <= 4000,
       });`,
    );

    expect(await host.invoke({}, 'test', { requestId: 'request-1' })).toEqual({
      name: 'tiny',
      id: 'request-1',
      hasTime: true,
    });
  });

  test('is in its caller’s trace, else in one of its own', async () => {
    const { host } = tiny('export const handler = async () => process.env._X_AMZN_TRACE_ID;');
    const begun = 'Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1';

    expect(await host.invoke({}, 'test', { traceHeader: begun })).toBe(begun);
    expect(await host.invoke({}, 'test')).toMatch(
      /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1$/,
    );
  });

  test('has the template’s environment, the services’ and an identity, and nothing of this process', async () => {
    const { host } = tiny('export const handler = async () => process.env;', {
      environment: { OF_SERVICES: 'services' },
    });
    const environment = await host.invoke({}, 'test');

    expect(environment).toMatchObject({
      OF_TEMPLATE: 'template',
      OF_SERVICES: 'services',
      AWS_LAMBDA_FUNCTION_NAME: 'tiny',
      AWS_ACCESS_KEY_ID: 'Tiny',
    });
    expect(environment).not.toHaveProperty('PATH');
  });

  test('is counted with its function and its caller', async () => {
    const seen: ServiceRequest[] = [];
    await tiny(COUNTER, { observer: (request) => seen.push(request) }).invoke();

    expect(seen).toEqual([{ service: 'lambda', action: 'Invoke tiny-service', caller: 'test' }]);
  });

  test('that throws fails with the error’s type and message', async () => {
    await expect(tiny(COUNTER).invoke({ crash: 'throw' })).rejects.toMatchObject({
      name: 'FunctionError',
      errorType: 'RangeError',
      message: 'too far',
    });
  });

  test('whose result exceeds Lambda’s limit fails', async () => {
    const large = tiny('export const handler = async () => "x".repeat(6 * 1024 * 1024);');

    await expect(large.invoke()).rejects.toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
  });

  test('of a module that can’t be loaded fails with the reason', async () => {
    const broken = tiny('throw new Error("no configuration");');

    await expect(broken.invoke()).rejects.toThrow('no configuration');
  });

  test('that fails is logged, even if nobody waits for its result', async () => {
    const lines: string[] = [];
    const broken = tiny('throw new Error("no configuration");', { onLine: (line) => lines.push(line) });
    await broken.invoke().catch(() => {});

    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'ERROR', service: 'tiny-service', error: { message: 'no configuration' } },
    ]);
  });

  test('of a module without the handler fails with the handler’s name', async () => {
    await expect(tiny('export const other = 1;').invoke()).rejects.toThrow('exports no function handler');
  });

  test('says each line that the function writes', async () => {
    const lines: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const onLine = (line: string) => {
      lines.push(line);
      if (lines.length === 3) resolve();
    };
    await tiny('export const handler = async () => console.log("one\\ntwo\\nthree");', { onLine }).invoke();
    await promise;

    expect(lines).toEqual(['one', 'two', 'three']);
  });
});

describe('module state', () => {
  test('stays warm from one invocation to the next', async () => {
    const counter = tiny(COUNTER);
    await counter.invoke();

    expect(await counter.invoke()).toBe(2);
  });

  test('stays warm after an invocation that threw', async () => {
    const counter = tiny(COUNTER);
    await counter.invoke({ crash: 'throw' }).catch(() => {});

    expect(await counter.invoke()).toBe(2);
  });
});

describe('a function that does not end in time', () => {
  test('is killed, and its invocation fails as Lambda’s does', async () => {
    const slow = tiny(COUNTER, { timeoutSeconds: 0.5 });

    await expect(slow.host.invoke({ hang: true }, 'test', { requestId: 'request-1' })).rejects.toMatchObject({
      errorType: 'Sandbox.Timedout',
      message: 'request-1 Task timed out after 0.50 seconds',
    });
  });

  test('is killed even in an endless loop', async () => {
    const loop = tiny('export const handler = async () => { for (;;); };', { timeoutSeconds: 0.5 });

    await expect(loop.invoke()).rejects.toMatchObject({ errorType: 'Sandbox.Timedout' });
  });

  test('has a fresh environment the next time', async () => {
    const slow = tiny(COUNTER, { timeoutSeconds: 1.5 });
    await slow.invoke();
    await slow.invoke({ hang: true }).catch(() => {});

    expect(await slow.invoke()).toBe(1);
  });
});

describe.each(['exit', 'uncaught'])('a function that crashes (%s)', (crash) => {
  test('fails its invocation with an error of the runtime', async () => {
    await expect(tiny(COUNTER).invoke({ crash })).rejects.toMatchObject({
      name: 'FunctionError',
      errorType: 'Runtime.ExitError',
    });
  });

  test('has a fresh environment the next time', async () => {
    const counter = tiny(COUNTER);
    await counter.invoke();
    await counter.invoke({ crash }).catch(() => {});

    expect(await counter.invoke()).toBe(1);
  });
});

test('a crash whose error speaks of something that timed out is not the function’s own time-out', async () => {
  const crashing = tiny(
    'export const handler = () => new Promise(() => setImmediate(() => { throw new Error("connection timed out"); }));',
  );

  await expect(crashing.invoke()).rejects.toMatchObject({ errorType: 'Runtime.ExitError' });
});
