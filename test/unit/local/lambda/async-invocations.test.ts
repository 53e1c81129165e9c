import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../../local/clock.ts';
import { AsyncInvocations } from '../../../../local/lambda/async-invocations.ts';
import type { FailedInvocation } from '../../../../local/lambda/failed-invocations.ts';
import type { AsyncInvocationResource } from '../../../../local/template/resources.ts';
import { TinyFunction, type TinyFunctionOptions } from '../../../support/tiny-function.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:tiny';
const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:failed';

/** Fails so often as its event says; `hang` never ends. */
const SOURCE = `
  let runs = 0;
  export const handler = async (event, context) => {
    runs += 1;
    console.log(JSON.stringify({ requestId: context.awsRequestId }));
    if (event.hang) await new Promise((resolve) => setTimeout(resolve, 60_000));
    if (runs <= event.failures) throw new RangeError('run ' + runs + ' failed');
  };`;

let clock: VirtualClock;
let failed: FailedInvocation[];
let invocations: AsyncInvocations;
let work: TinyFunction;
/** Of each run, in order. */
let requestIds: string[];
/** What Lambda counts. */
let outcomes: boolean[];
let tell: () => void;

beforeEach(() => {
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  failed = [];
  requestIds = [];
  outcomes = [];
  tell = () => {};
});
afterEach(async () => {
  invocations.close();
  await work.close();
});

function start(settings: Partial<AsyncInvocationResource>[] = [], options: TinyFunctionOptions = {}): void {
  work = new TinyFunction(SOURCE, {
    onLine: (line) => {
      const { requestId } = JSON.parse(line);
      if (requestId !== undefined) requestIds.push(requestId);
      tell();
    },
    onInvocation: (ended) => {
      outcomes.push(ended.failed);
      tell();
    },
    ...options,
  });
  invocations = new AsyncInvocations({
    settings: settings.map((one) => ({
      functionName: 'tiny',
      qualifier: '$LATEST',
      maximumRetryAttempts: 2,
      maximumEventAgeMilliseconds: 6 * 60 * MINUTE,
      failureDestinationArn: QUEUE,
      ...one,
    })),
    hostOf: () => work.host,
    clock,
    onFailed: (one) => failed.push(one),
  });
}

/** Resolves when so many runs have ended and what follows from them is done. */
async function runs(count: number): Promise<void> {
  while (outcomes.length < count)
    await new Promise<void>((resolve) => {
      tell = resolve;
    });
  await new Promise((resolve) => setImmediate(resolve));
}

describe('an event whose run fails', () => {
  test('is run again after one minute, and once more after two', async () => {
    start();
    await invocations.invoke(FUNCTION, { failures: 3 }, 'events');
    clock.advance(MINUTE - 1);
    expect(outcomes).toEqual([true]);
    clock.advance(1);
    await runs(2);
    clock.advance(2 * MINUTE - 1);
    expect(outcomes).toEqual([true, true]);
    clock.advance(1);
    await runs(3);
    clock.advance(60 * MINUTE);

    expect(outcomes).toEqual([true, true, true]);
  });

  test('has the same request id in each run', async () => {
    start();
    await invocations.invoke(FUNCTION, { failures: 1 }, 'events');
    clock.advance(MINUTE);
    await runs(2);

    expect(new Set(requestIds).size).toBe(1);
    expect(requestIds).toHaveLength(2);
  });

  test('is not run again once it succeeded', async () => {
    start([{}]);
    await invocations.invoke(FUNCTION, { failures: 1 }, 'events');
    clock.advance(MINUTE);
    await runs(2);
    clock.advance(60 * MINUTE);

    expect(outcomes).toEqual([true, false]);
    expect(failed).toEqual([]);
  });

  test('is run again so often as its function’s settings say', async () => {
    start([{ maximumRetryAttempts: 0 }]);
    await invocations.invoke(FUNCTION, { failures: 1 }, 'events');
    clock.advance(60 * MINUTE);

    expect(outcomes).toEqual([true]);
    expect(failed).toHaveLength(1);
  });

  test('is not run again where it would be too old by then, and is given up at once', async () => {
    start([{ maximumEventAgeMilliseconds: MINUTE }]);
    await invocations.invoke(FUNCTION, { failures: 1 }, 'events');

    expect(failed).toMatchObject([
      { record: { requestContext: { condition: 'EventAgeExceeded', approximateInvokeCount: 1 } } },
    ]);
    clock.advance(60 * MINUTE);
    expect(outcomes).toEqual([true]);
  });

  test('goes by the settings of the alias as which it was invoked, and not by the function’s', async () => {
    start([
      { qualifier: '$LATEST', maximumRetryAttempts: 0 },
      { qualifier: 'live', maximumRetryAttempts: 1 },
    ]);
    await invocations.invoke(`${FUNCTION}:live`, { failures: 2 }, 'events');
    clock.advance(MINUTE);
    await runs(2);

    expect(failed).toMatchObject([
      { record: { requestContext: { functionArn: `${FUNCTION}:live`, approximateInvokeCount: 2 } } },
    ]);
  });

  test('is not run again after a close', async () => {
    start();
    await invocations.invoke(FUNCTION, { failures: 1 }, 'events');
    invocations.close();
    clock.advance(60 * MINUTE);

    expect(outcomes).toEqual([true]);
  });
});

describe('an event that is given up', () => {
  test('leaves a record as Lambda writes it, for the function’s destination', async () => {
    start([{ maximumRetryAttempts: 0 }]);
    await invocations.invoke(FUNCTION, { failures: 1 }, 'events');

    expect(failed).toEqual([
      {
        functionName: 'tiny',
        destinationArn: QUEUE,
        record: {
          version: '1.0',
          timestamp: '2026-01-01T00:00:00.000Z',
          requestContext: {
            requestId: requestIds[0],
            functionArn: `${FUNCTION}:$LATEST`,
            condition: 'RetriesExhausted',
            approximateInvokeCount: 1,
          },
          requestPayload: { failures: 1 },
          responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
          responsePayload: { errorType: 'RangeError', errorMessage: 'run 1 failed' },
        },
      },
    ]);
  });

  test('leaves none where the function has no destination', async () => {
    start([{ maximumRetryAttempts: 0, failureDestinationArn: undefined }]);
    await invocations.invoke(FUNCTION, { failures: 1 }, 'events');

    expect(failed).toEqual([]);
  });

  test('before an environment was free for it was never run', async () => {
    start([{ maximumEventAgeMilliseconds: MINUTE }], { reservedConcurrency: 1 });
    const hanging = invocations.invoke(FUNCTION, { hang: true }, 'events');
    const late = invocations.invoke(FUNCTION, { failures: 0 }, 'events');
    while (requestIds.length === 0)
      await new Promise<void>((resolve) => {
        tell = resolve;
      });
    clock.advance(MINUTE + 1);
    await work.host.killOne();
    await Promise.all([hanging, late]);

    expect(outcomes).toEqual([true]);
    expect(failed.at(-1)).toMatchObject({
      record: {
        requestContext: { condition: 'EventAgeExceeded', approximateInvokeCount: 0 },
        requestPayload: { failures: 0 },
      },
    });
    expect(failed.at(-1)?.record).not.toHaveProperty('responsePayload');
  });
});
