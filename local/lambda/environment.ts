/**
 * A function's execution environment: one worker thread that loads the bundle once and then runs one invocation at a time,
 * as Lambda's Node runtime does.
 */
import { enableCompileCache } from 'node:module';
import { getPriority, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod/mini';
import { markOrigin } from './mark-origin.ts';
import type { AnswerMessage, FunctionErrorShape, OutputKind } from './protocol.ts';

const dataSchema = z.object({
  module: z.string(),
  exportName: z.string(),
  functionName: z.string(),
  functionArn: z.string(),
  memoryMegabytes: z.number(),
  accessKeyId: z.string(),
  endpoints: z.array(z.string()),
  handedOver: z.instanceof(SharedArrayBuffer),
});
const invokeSchema = z.object({
  id: z.number(),
  event: z.string(),
  requestId: z.string(),
  deadline: z.number(),
  traceHeader: z.optional(z.string()),
});

/** As `nice` counts. */
const LEAST_URGENT = 19;
const LESS_URGENT_BY = 6;

const data = dataSchema.parse(workerData);
/** The number of the newest invocation that the host has posted. */
const handedOver = new Int32Array(data.handedOver);

function answer(message: AnswerMessage): void {
  parentPort?.postMessage(message);
}

function shapeOf(error: unknown): FunctionErrorShape {
  if (!(error instanceof Error)) return { errorType: 'Error', errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

function contextOf(requestId: string, deadline: number) {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: data.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: data.functionArn,
    memoryLimitInMB: String(data.memoryMegabytes),
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${data.functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

/**
 * All requests of functions go through the main thread: where processors are scarce it goes first, or each waits for
 * the others. Linux alone keeps priorities by thread.
 */
function giveWay(): void {
  if (process.platform === 'linux') setPriority(Math.min(LEAST_URGENT, getPriority() + LESS_URGENT_BY));
}

/** Bypasses the worker's streams, which cost as much per line as the function itself. */
function tellOutput(kind: OutputKind): void {
  const write = (chunk: string | Uint8Array, ...rest: readonly unknown[]) => {
    answer({ kind, text: typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8') });
    const written = rest.find((each) => typeof each === 'function');
    if (written !== undefined) process.nextTick(written);
    return true;
  };
  process[kind].write = write;
}

/**
 * Between invocations Lambda freezes an environment: work that a handler left behind continues with the next invocation. So
 * the thread blocks until the host has posted another one. It blocks at the end of a turn of the event loop, after which the
 * loop reads the clock: a timer that is set right after the thaw counts from then.
 */
function freezeAfter(invocation: number): void {
  setImmediate(() => Atomics.wait(handedOver, 0, invocation));
}

async function start(): Promise<void> {
  giveWay();
  tellOutput('stdout');
  tellOutput('stderr');
  // V8's compile cache beside this file serves all environments of a bundle, and those of the next start.
  enableCompileCache(fileURLToPath(new URL('./compiled/', import.meta.url)));
  markOrigin(data.endpoints, data.accessKeyId);
  const loaded: Record<string, unknown> = await import(data.module);
  const handler = loaded[data.exportName];
  if (typeof handler !== 'function') throw new Error(`${data.module} exports no function ${data.exportName}`);
  parentPort?.on('message', (message) => {
    const { id, event, requestId, deadline, traceHeader } = invokeSchema.parse(message);
    if (traceHeader === undefined) delete process.env._X_AMZN_TRACE_ID;
    else process.env._X_AMZN_TRACE_ID = traceHeader;
    const carryOut = async (): Promise<unknown> => handler(JSON.parse(event), contextOf(requestId, deadline));
    carryOut()
      .then(
        // Lambda returns only JSON: undefined becomes null.
        (result) => answer({ kind: 'result', id, json: JSON.stringify(result) ?? 'null' }),
        (error: unknown) => answer({ kind: 'error', id, error: shapeOf(error) }),
      )
      .finally(() => freezeAfter(id));
  });
  answer({ kind: 'ready' });
}

start().catch((error: unknown) => answer({ kind: 'init_failed', error: shapeOf(error) }));
