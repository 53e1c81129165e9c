import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import * as z from 'zod';
import { setUpDatabase } from '../../local/postgres/set-up-database.ts';
import { type RunningPostgres, startPostgres } from '../../local/postgres/start-postgres.ts';
import { cpuMillisecondsOf } from '../../local/process-cpu.ts';
import { postPayments } from '../load.ts';
import { median, progress, say, settingsOfThisMachine, table, writeResult } from '../report.ts';
import type { SystemName } from './system.ts';

export interface ThroughputOptions {
  readonly rounds: number;
  readonly payments: number;
  readonly connections: number;
  readonly systems: readonly SystemName[];
  readonly json: boolean;
}

interface Round {
  readonly system: SystemName;
  readonly paymentsPerSecond: number;
  readonly acceptP50: number;
  readonly acceptP99: number;
  /** CPU milliseconds per payment, by component. */
  readonly cpu: Readonly<Record<string, number>>;
}

const TEMPLATE = 'bench_template';
/** A round takes some seconds; beyond this, something is lost. */
const TERMINAL_LIMIT_MS = 120_000;
const TERMINAL_POLL_MS = 25;
/** Warms up code, connections and plans before anything is measured: V8 optimizes code after some hundred runs in each thread. */
const WARM_UP_PAYMENTS = 2_000;

/** Interleaved rounds of each system in one run, in rotated order; medians and ratios. */
export async function measureThroughput(options: ThroughputOptions): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'oncepay-bench-'));
  const postgres = await startPostgres({ directory, port: 0, database: TEMPLATE });
  try {
    await setUpDatabase(postgres.url);
    const rounds: Round[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      for (const system of rotated(options.systems, round)) {
        const measured = await measureRound(system, options, postgres);
        rounds.push(measured);
        progress(
          `round ${round + 1}  ${system.padEnd(16)} ${measured.paymentsPerSecond.toFixed(0).padStart(5)} payments/s`,
        );
      }
    }
    const settings = { ...settingsOfThisMachine(), ...(await databaseSettings(postgres)), ...options };
    const file = writeResult('throughput', { settings, rounds });
    if (options.json) say(JSON.stringify({ settings, rounds }));
    else print(options.systems, rounds, settings);
    progress(`written to ${file}`);
  } finally {
    await postgres.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

const readySchema = z.object({ api: z.string(), apiKey: z.string(), databaseUrl: z.string() });
const pspReadySchema = z.object({ url: z.string() });
const pspStateSchema = z.object({ charges: z.number(), cpu: z.record(z.string(), z.number()) });
const cpuSchema = z.object({ cpu: z.record(z.string(), z.number()) });

async function measureRound(
  system: SystemName,
  options: ThroughputOptions,
  postgres: RunningPostgres,
): Promise<Round> {
  const databaseUrl = await createDatabase(postgres, system);
  const psp = startProcess('psp-server.ts', []);
  const { url: pspUrl } = pspReadySchema.parse(await nextMessage(psp));
  const child = startProcess(`systems/${system}.ts`, [JSON.stringify({ databaseUrl, pspUrl })]);
  try {
    const ready = readySchema.parse(await nextMessage(child));
    const database = new pg.Client(ready.databaseUrl);
    // Cut off when its server is stopped after a failed round: the failure is reported, not this.
    database.on('error', () => {});
    await database.connect();
    await postPayments(ready.api, ready.apiKey, WARM_UP_PAYMENTS, options.connections);
    await untilTerminal(database, WARM_UP_PAYMENTS);

    const cpuBefore = await cpuOf(child, psp, postgres, system);
    const startedAt = performance.now();
    const { latencies } = await postPayments(ready.api, ready.apiKey, options.payments, options.connections);
    await untilTerminal(database, WARM_UP_PAYMENTS + options.payments);
    const seconds = (performance.now() - startedAt) / 1000;
    const cpuAfter = await cpuOf(child, psp, postgres, system);

    await verify(database, WARM_UP_PAYMENTS + options.payments);
    await database.end();
    const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
    return {
      system,
      paymentsPerSecond: options.payments / seconds,
      acceptP50: at(0.5),
      acceptP99: at(0.99),
      cpu: perPayment(cpuBefore, cpuAfter, options.payments),
    };
  } finally {
    await stopProcess(child);
    await stopProcess(psp);
  }
}

async function createDatabase(postgres: RunningPostgres, system: SystemName): Promise<string> {
  const url = new URL(postgres.url);
  url.pathname = '/postgres';
  const admin = new pg.Client(url.href);
  await admin.connect();
  const name = `bench_${system.replaceAll('-', '_')}_${Date.now()}`;
  await admin.query(`create database ${name} template ${TEMPLATE}`).finally(() => admin.end());
  url.pathname = `/${name}`;
  return url.href;
}

function startProcess(file: string, options: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), [...options], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`a benchmark process ended with ${code}`)));
  });
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

async function untilTerminal(database: pg.Client, payments: number): Promise<void> {
  const until = performance.now() + TERMINAL_LIMIT_MS;
  for (;;) {
    const { rows } = await database.query<{ n: number }>(
      `select count(*)::int as n from payment where status = 'SUCCESS'`,
    );
    if ((rows[0]?.n ?? 0) >= payments) return;
    if (performance.now() > until) throw new Error(`only ${rows[0]?.n} of ${payments} payments succeeded`);
    await new Promise((resolve) => setTimeout(resolve, TERMINAL_POLL_MS));
  }
}

/** Checks that the work was done correctly; otherwise the figure is meaningless. */
async function verify(database: pg.Client, payments: number): Promise<void> {
  const { rows } = await database.query<Record<string, number | string>>(
    `select (select count(*)::int from payment) as payments,
            (select count(*)::int from ledger_transaction) as transactions,
            (select count(*)::int from evidence where outcome = 'succeeded') as charges,
            (select count(distinct psp_reference)::int from payment_order) as psp_references,
            (select coalesce(sum(case direction when 'debit' then amount_minor else -amount_minor end), 0)::text
             from ledger_entry) as difference,
            (select (sum(posted_debits) - sum(posted_credits))::text from account_balance) as balances`,
  );
  const [found] = rows;
  const expected = {
    payments,
    transactions: payments,
    charges: payments,
    psp_references: payments,
    difference: '0',
    balances: '0',
  };
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(
      `the work was not done correctly: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`,
    );
  }
}

async function cpuOf(
  child: ChildProcess,
  psp: ChildProcess,
  postgres: RunningPostgres,
  system: SystemName,
): Promise<Readonly<Record<string, number>>> {
  const answers = [nextMessage(child), nextMessage(psp)];
  child.send('cpu');
  psp.send('cpu');
  const [own, pspState] = await Promise.all(answers);
  const { user, system: kernel } = process.cpuUsage();
  const loadGenerator = (user + kernel) / 1000;
  const ownCpu = cpuSchema.parse(own).cpu;
  // The runtime has a PostgreSQL and a PSP of its own and reports both.
  if (system === 'local-runtime') return { ...ownCpu, 'load generator': loadGenerator };
  return {
    ...ownCpu,
    postgres: cpuMillisecondsOf(postgres.pid),
    ...pspStateSchema.parse(pspState).cpu,
    'load generator': loadGenerator,
  };
}

function perPayment(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  payments: number,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(after).map(([component, milliseconds]) => [
      component,
      (milliseconds - (before[component] ?? 0)) / payments,
    ]),
  );
}

async function databaseSettings({ url }: RunningPostgres): Promise<Readonly<Record<string, string>>> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name in ('server_version', 'fsync', 'synchronous_commit')`,
  );
  await client.end();
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}

function print(systems: readonly SystemName[], rounds: readonly Round[], settings: object): void {
  const of = (system: SystemName) => rounds.filter((round) => round.system === system);
  const rate = (system: SystemName) => median(of(system).map((round) => round.paymentsPerSecond));
  const peers = systems.filter((system) => system === 'graphile-worker' || system === 'pg-boss');
  const best = Math.max(0, ...peers.map(rate));
  const ceiling = systems.includes('skip-locked') ? rate('skip-locked') : 0;
  say(
    '\nPayments per second, end to end: HTTP accept → durable → 5 ms PSP → ledger. Medians of interleaved rounds.',
  );
  say(
    table(
      ['', 'payments/s', 'min–max', '× faster peer', '× ceiling', 'accept p50 ms', 'p99 ms'],
      systems.map((system) => {
        const rates = of(system).map((round) => round.paymentsPerSecond);
        return [
          system,
          rate(system).toFixed(0),
          `${Math.min(...rates).toFixed(0)}–${Math.max(...rates).toFixed(0)}`,
          best === 0 ? '' : (rate(system) / best).toFixed(2),
          ceiling === 0 ? '' : (rate(system) / ceiling).toFixed(2),
          median(of(system).map((round) => round.acceptP50)).toFixed(1),
          median(of(system).map((round) => round.acceptP99)).toFixed(1),
        ];
      }),
    ),
  );
  say(
    'Goals: handlers ≥ 1.2, local-runtime ≥ 0.5. skip-locked is the ceiling: a worker for this one job alone.\n',
  );
  say('Where the time goes: CPU milliseconds per payment, by component');
  for (const system of systems) {
    const components = Object.keys(of(system)[0]?.cpu ?? {});
    const costs = components.map(
      (component) => [component, median(of(system).map((round) => round.cpu[component] ?? 0))] as const,
    );
    const shown = costs
      .filter(([, cost]) => cost >= 0.005)
      .map(([component, cost]) => `${component} ${cost.toFixed(2)}`);
    const sum = costs.reduce((total, [, cost]) => total + cost, 0);
    say(`  ${system.padEnd(16)} ${sum.toFixed(2).padStart(6)} = ${shown.join(' + ')}`);
  }
  say('\nIn handlers SQS and DynamoDB, other machines in production, are a list and a set in memory.');
  say(`${JSON.stringify(settings)}\n`);
}
