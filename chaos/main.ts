import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import pg from 'pg';
import * as z from 'zod';
import { type Paid, payAll, sendDuplicate } from './clients.ts';
import { countOpen, judge, type Outcome } from './outcome.ts';
import { Victim } from './victim.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const say = (line: string) => process.stderr.write(`${line}\n`);

/** The functions to kill, in turn. */
const FUNCTIONS = ['execute-instructions', 'execute-instructions', 'accept-payment', 'relay-instructions'];
/** One kill in so many takes the whole runtime, every second time with its PostgreSQL. */
const ALL_EVERY = 20;
/** The time between kills, so that work is in progress. */
const BETWEEN_KILLS_MS = 250;
/** One payment in so many gets a second message for its instruction. */
const DUPLICATE_EVERY = 20;
/** Recovery from the last kill: the relay's doubling intervals, at ten times the speed. */
const TERMINAL_LIMIT_MS = 480_000;

const optionsSchema = z.object({
  kills: z.int(),
  payments: z.int(),
  data: z.string().optional(),
  json: z.boolean(),
});

function integer(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('It takes a whole number.');
  return Number(text);
}

const program = new Command('npm run chaos --')
  .description(
    'Kills handlers and the whole runtime with kill -9 while payments are made, then checks the result.',
  )
  .option('--kills <n>', 'how many', integer, 500)
  .option('--payments <n>', 'how many', integer, 5_000)
  .option('--data <folder>', 'keep all state there')
  .option('--json', 'JSON on stdout', false);

const options = optionsSchema.parse(program.parse().opts());
// A path is from where the user typed the command: npm has changed into this project's folder since.
const given = options.data === undefined ? undefined : resolve(process.env.INIT_CWD ?? '.', options.data);
const directory = given ?? mkdtempSync(join(tmpdir(), 'oncepay-chaos-'));
const victim = new Victim(directory);
const kills: Record<string, number> = {};
const paid: Paid[] = [];

async function run(): Promise<number> {
  const startedAt = performance.now();
  await victim.start();
  const paying = payAll(victim, options.payments, (one) => {
    paid.push(one);
    if (paid.length % DUPLICATE_EVERY === 0) void duplicate(one);
  });
  const killing = killAgainAndAgain();
  await Promise.all([paying, killing]);
  say(
    `${paid.length} payments accepted, ${sum(kills)} kills; waiting until all are terminal or in manual review`,
  );
  if (victim.endpoints === undefined) await victim.start();
  const { endpoints } = victim;
  if (endpoints === undefined) throw new Error('the runtime does not start');
  const database = new pg.Client(endpoints.postgres);
  await database.connect();
  const terminalAfter = await untilTerminal(database);
  const outcome = await judge(endpoints, database, paid);
  await database.end();
  const verified = spawnSync(process.execPath, ['cli/oncepay.ts', '--data', directory, 'verify'], {
    cwd: ROOT,
  });
  const seconds = (performance.now() - startedAt) / 1000;
  report(outcome, verified.status === 0, String(verified.stdout), terminalAfter, seconds);
  return outcome.violations.length === 0 && verified.status === 0 && terminalAfter !== undefined ? 0 : 1;
}

async function killAgainAndAgain(): Promise<void> {
  for (let kill = 1, tries = 0; kill <= options.kills; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_KILLS_MS));
    if (kill % ALL_EVERY === 0) {
      const withPostgres = (kill / ALL_EVERY) % 2 === 0;
      await victim.killAll(withPostgres);
      count(withPostgres ? 'runtime and PostgreSQL' : 'runtime');
      await victim.start();
      kill += 1;
      say(`  ${kill} of ${options.kills} kills, ${paid.length} of ${options.payments} payments`);
      continue;
    }
    const name = FUNCTIONS[tries % FUNCTIONS.length] ?? 'execute-instructions';
    if (await victim.killFunction(name)) {
      count(name);
      kill += 1;
    } else if (paid.length >= options.payments) {
      // Little work is left to kill: the remaining kills target redelivered messages.
      kill += 1;
    }
  }
}

function count(what: string): void {
  kills[what] = (kills[what] ?? 0) + 1;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, each) => total + each, 0);
}

/** The API doesn't return the instruction's id, so read it from the database. */
async function duplicate({ orderIds }: Paid): Promise<void> {
  const { endpoints } = victim;
  const [orderId] = orderIds;
  if (endpoints === undefined || orderId === undefined) return;
  const database = new pg.Client(endpoints.postgres);
  // The server is killed now and then; that is the purpose.
  database.on('error', () => {});
  try {
    await database.connect();
    const { rows } = await database.query<{ id: string }>(
      'select instruction_id as id from instruction where payment_order_id = $1',
      [orderId],
    );
    const [row] = rows;
    if (row !== undefined) await sendDuplicate(victim, row.id, orderId);
  } catch {
    // Killed meanwhile: no duplicate then.
  } finally {
    await database.end().catch(() => {});
  }
}

/** @returns seconds, or undefined when the time was up */
async function untilTerminal(database: pg.Client): Promise<number | undefined> {
  const startedAt = performance.now();
  for (let said = 0; ; ) {
    const open = await countOpen(database);
    const elapsed = performance.now() - startedAt;
    if (open === 0) return elapsed / 1000;
    if (elapsed > TERMINAL_LIMIT_MS) return undefined;
    if (elapsed - said > 10_000) {
      said = elapsed;
      say(`  ${open} orders open`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function report(
  outcome: Outcome,
  isVerified: boolean,
  verify: string,
  terminalAfter: number | undefined,
  seconds: number,
): void {
  const result = { payments: paid.length, kills, ...outcome, isVerified, terminalAfter, seconds };
  if (options.json) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const table = new Table({ style: { head: [], border: [] } });
  for (const [what, times] of Object.entries(kills)) table.push([`killed: ${what}`, times]);
  for (const [state, orders] of Object.entries(outcome.states)) table.push([`orders ${state}`, orders]);
  table.push(['charges at the PSPs', outcome.charges]);
  table.push([
    'all terminal after the last kill',
    terminalAfter === undefined ? 'NOT ALL' : `${terminalAfter.toFixed(0)} s (of ten times the speed)`,
  ]);
  process.stdout.write(`${table.toString()}\n${verify}`);
  process.stdout.write(
    `${paid.length} payments, ${sum(kills)} kills in ${seconds.toFixed(0)} s: ${outcome.violations.length} violations\n`,
  );
  for (const violation of outcome.violations.slice(0, 20)) process.stdout.write(`  ${violation}\n`);
}

let code = 1;
try {
  code = await run();
} finally {
  await victim.stop();
  if (options.data === undefined && code === 0) rmSync(directory, { recursive: true, force: true });
  else say(`the data is in ${directory}`);
}
process.exitCode = code;
