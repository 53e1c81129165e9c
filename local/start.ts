import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import { createColors } from 'picocolors';
import * as z from 'zod';
import type { Endpoints } from './endpoints.ts';
import { PortTakenError } from './http-server.ts';
import { createLiveLog } from './live-log.ts';
import { choosePorts } from './ports.ts';
import { PSP_HOSTS } from './psps.ts';
import { type RunningRuntime, startRuntime } from './runtime.ts';

const DEFAULT_PORT = 4510;
const DEFAULT_DATA = join(fileURLToPath(new URL('../', import.meta.url)), '.oncepay');

const optionsSchema = z.object({
  port: z.int(),
  data: z.string(),
  stage: z.string(),
  psp: z.enum(PSP_HOSTS),
  json: z.boolean(),
});

const program = new Command('npm start --')
  .description('Runs the whole payment pipeline on this machine, from the synthesized templates.')
  .option(
    '--port <number>',
    'the API’s port, the other services take the nine after it; 0 picks free ones',
    portOf,
    DEFAULT_PORT,
  )
  .option('--data <folder>', 'where all state is kept', DEFAULT_DATA)
  .option('--stage <stage>', 'whose templates are run: dev, staging or prod', 'dev')
  .addOption(
    new Option('--psp <host>', 'what plays the PSPs: this machine, or the functions of the simulator’s stack')
      .choices([...PSP_HOSTS])
      .default('local'),
  )
  .option('--json', 'one JSON line per event on stdout, progress on stderr', false)
  .addHelpText(
    'after',
    '\nExamples:\n  npm start\n  npm start -- --port 0 --data /tmp/oncepay\n  npm start -- --json | jq .message',
  );

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_000)
    throw new InvalidArgumentError('It takes a number from 0 to 65000.');
  return port;
}

const options = optionsSchema.parse(program.parse().opts());
const isColored = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const colors = createColors(isColored);
/** Data goes to stdout; what accompanies it to stderr where a program reads the data. */
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
  say(`\nMake a payment:\n\n${curlLine(runtime.endpoints)}\n`);
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

/** A new key and reference each time it is pasted, into any POSIX shell. */
function curlLine({ api, apiKey }: Endpoints): string {
  const body =
    '{"merchant_reference":"order-\'$(date +%s%N)\'","buyer_id":"buyer-1","payment_method":"sim_ok","payment_orders":[{"amount":15000,"currency":"KRW","seller_id":"seller-1"}]}';
  return [
    `curl -i ${api}/payments`,
    `-H 'Authorization: Bearer ${apiKey}'`,
    `-H "Idempotency-Key: $(date +%s%N)"`,
    `-H 'Content-Type: application/json'`,
    `-d '${body}'`,
  ].join(' \\\n  ');
}

async function stop(): Promise<void> {
  say('\nstopping');
  await runtime?.close();
  process.exit(0);
}

/** The terminal signals the whole group, and npm passes on what it gets: the same Ctrl-C may come twice. */
const SAME_SIGNAL_MS = 1_000;

/** How soon it is noticed that npm has gone. */
const PARENT_LOOK_MS = 500;

function onSignal(): void {
  // Somebody who asks again doesn't want to wait.
  if (stoppingSince !== undefined && performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(130);
  startStopping();
}

function startStopping(): void {
  if (stoppingSince !== undefined) return;
  stoppingSince = performance.now();
  if (runtime !== undefined) void stop();
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
// npm passes a signal on to its shell, which dies of it and tells nobody: this process is then another's child.
const shellOfNpm = process.env.npm_lifecycle_event === 'start' ? process.ppid : undefined;
if (shellOfNpm !== undefined) {
  setInterval(() => {
    if (process.ppid !== shellOfNpm) startStopping();
  }, PARENT_LOOK_MS).unref();
}
// Whoever read has gone, `| head` for one: nobody looks on any more.
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
