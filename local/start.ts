import { join } from 'node:path';
import Table from 'cli-table3';
import { createColors } from 'picocolors';
import type { Endpoints } from './endpoints.ts';
import { exampleRequest } from './example-request.ts';
import { PortTakenError } from './http-server.ts';
import { createLiveLog } from './live-log.ts';
import { choosePorts } from './ports.ts';
import { type RunningRuntime, startRuntime } from './runtime.ts';
import { parseStartOptions } from './start-options.ts';
import { watchParents } from './watch-parents.ts';

const options = parseStartOptions();
const isColored = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const colors = createColors(isColored);
/** Data goes to stdout; with --json, progress goes to stderr. */
const say = (line: string) => (options.json ? process.stderr : process.stdout).write(`${line}\n`);

let runtime: RunningRuntime | undefined;
let stoppingSince: number | undefined;

async function run(): Promise<void> {
  const startedAt = performance.now();
  const elapsed = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`.padStart(7);
  runtime = await startRuntime({
    directory: options.data,
    stage: options.stage,
    psp: options.psp,
    ports: choosePorts(options.port),
    onStep: (step) => say(`${colors.dim(elapsed())}  ${step}`),
    onFunctionLine: createLiveLog({
      json: options.json,
      color: isColored,
      write: (line) => process.stdout.write(`${line}\n`),
    }),
  });
  if (stoppingSince !== undefined) return stop();
  say(`${colors.dim(elapsed())}  ${colors.green('ready')}\n`);
  say(addresses(runtime.endpoints));
  say(`\n${exampleRequest(runtime.endpoints)}\n`);
  if (options.json)
    process.stdout.write(`${JSON.stringify({ message: 'ready', endpoints: runtime.endpoints })}\n`);
}

function addresses(endpoints: Endpoints): string {
  const table = new Table({ style: { head: [], border: isColored ? ['gray'] : [] } });
  table.push(
    ['API', endpoints.api],
    ['API key', endpoints.apiKey],
    ['API key of a second merchant', endpoints.secondApiKey],
    ['PSP simulator, control', endpoints.psp],
    ['SQS', endpoints.sqs],
    ['queue', endpoints.queueUrl],
    ['dead-letter queue', endpoints.deadLetterQueueUrl],
    ['DynamoDB', endpoints.dynamodb],
    ['RDS Data API', endpoints.rdsData],
    ['Secrets Manager', endpoints.secretsManager],
    ['PostgreSQL', endpoints.postgres],
    ['runtime control', endpoints.runtime],
    ['all of this, for programs', join(options.data, 'endpoints.json')],
  );
  return table.toString();
}

async function stop(): Promise<void> {
  say('\nstopping');
  await runtime?.close();
  process.exit(0);
}

/** The terminal signals the whole process group, and npm forwards signals: the same Ctrl-C may arrive twice. */
const SAME_SIGNAL_MS = 1_000;

function onSignal(): void {
  // A second signal ends it immediately.
  if (stoppingSince !== undefined && performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(130);
  startStopping();
}

function startStopping(): void {
  if (stoppingSince !== undefined) return;
  stoppingSince = performance.now();
  if (runtime !== undefined) void stop();
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
watchParents('start', process.env, startStopping);
// The reader has gone, for example `| head`.
for (const stream of [process.stdout, process.stderr]) stream.on('error', startStopping);

run().catch((error: unknown) => {
  const hint =
    error instanceof PortTakenError
      ? ' Choose another with --port, or let the system choose with --port 0.'
      : '';
  const message = error instanceof Error ? `${error.message}${hint}` : String(error);
  process.stderr.write(`${colors.red('could not start')}: ${message}\n`);
  process.exit(1);
});
