import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyDatabase } from '../../adapters/database/verify-database.ts';
import { startPostgres } from '../../local/postgres/start-postgres.ts';
import { progress, say, settingsOfThisMachine, table, writeResult } from '../report.ts';
import { measureRelease, type Release } from './measure-release.ts';
import { OPERATIONS, type Operation } from './operations.ts';
import { type Place, preparePlace, timed } from './place.ts';

export interface HistoryOptions {
  /** Of the small database, and of the large one. */
  readonly sizes: readonly [number, number];
  readonly samples: number;
  readonly json: boolean;
}

/** Plans are cached and pages read before anything is measured. */
const WARM_UP = 10;
/** One thing is measured for so long at the most, where its samples take long. */
const LIMIT_MS = 30_000;

interface Measured {
  readonly name: string;
  readonly group: Operation['group'];
  /** Milliseconds, at the small size and at the large one. */
  readonly p50: readonly [number, number];
  readonly p99: readonly [number, number];
}

/** Measures the cost of history: everything done a thousand times a day, at two sizes of history, alternating. */
export async function measureHistory(options: HistoryOptions): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'oncepay-bench-'));
  const postgres = await startPostgres({ directory, port: 0, database: 'history_0' });
  const places: Place[] = [];
  try {
    for (const [index, payments] of options.sizes.entries())
      places.push(await preparePlace(postgres, `history_${index}`, payments));
    const [small, large] = places;
    if (small === undefined || large === undefined) throw new Error('two sizes are compared');
    const full = await measureFullVerification([small, large]);
    const measured: Measured[] = [];
    for (const operation of OPERATIONS)
      measured.push(await measure(operation, [small, large], options.samples));
    const releases: Release[] = [];
    for (const [index, place] of places.entries())
      releases.push(await measureRelease(place, options.sizes[index] ?? 0));
    const result = { settings: { ...settingsOfThisMachine(), ...options }, measured, full, releases };
    const file = writeResult('history', result);
    if (options.json) say(JSON.stringify(result));
    else print(options.sizes, measured, full, releases);
    progress(`written to ${file}`);
  } finally {
    await Promise.all(places.map((place) => place.close()));
    await postgres.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(
  operation: Operation,
  [small, large]: readonly [Place, Place],
  samples: number,
): Promise<Measured> {
  const times: [number[], number[]] = [[], []];
  const until = performance.now() + LIMIT_MS;
  for (let sample = -WARM_UP; sample < samples && performance.now() < until; sample += 1) {
    // Alternating, so that the machine's other load affects both.
    for (const [index, place] of [small, large].entries()) {
      const run = await operation.prepare(place);
      const startedAt = performance.now();
      await run();
      if (sample >= 0) times[index]?.push(performance.now() - startedAt);
    }
  }
  const at = (values: readonly number[], share: number) =>
    values.toSorted((one, other) => one - other)[Math.floor(values.length * share)] ?? 0;
  const measured: Measured = {
    name: operation.name,
    group: operation.group,
    p50: [at(times[0], 0.5), at(times[1], 0.5)],
    p99: [at(times[0], 0.99), at(times[1], 0.99)],
  };
  progress(
    `${measured.name.padEnd(50)} ${measured.p50.map((time) => time.toFixed(2).padStart(8)).join(' ')} ms`,
  );
  return measured;
}

interface FullVerification {
  readonly payments: number;
  readonly seconds: number;
  readonly longestStatementMs: number;
}

/** Also proves that the generated history is consistent. */
async function measureFullVerification(places: readonly Place[]): Promise<readonly FullVerification[]> {
  const full: FullVerification[] = [];
  for (const place of places) {
    const { database, longest } = timed(place.as('operate'));
    const startedAt = performance.now();
    const { payments, invariants } = await verifyDatabase(database, { full: true });
    const seconds = (performance.now() - startedAt) / 1000;
    const broken = invariants.flatMap(({ violation }) => violation ?? []);
    if (broken.length > 0) throw new Error(`the history violates invariants: ${JSON.stringify(broken)}`);
    full.push({ payments, seconds, longestStatementMs: longest() });
    progress(`verify --full: ${payments} payments in ${seconds.toFixed(1)} s`);
  }
  return full;
}

const GOALS: Readonly<Record<Operation['group'], string>> = {
  payment: 'Payments (goal: ratio ≤ 1.25)',
  read: 'Reads (goals: ratio ≤ 1.5, p99 ≤ 100 ms)',
  operator: 'Operators’ lists (goals: ratio ≤ 1.5, p99 ≤ 100 ms)',
};

function print(
  sizes: readonly [number, number],
  measured: readonly Measured[],
  full: readonly FullVerification[],
  releases: readonly Release[],
): void {
  const [small, large] = sizes.map((size) => size.toLocaleString('en'));
  for (const group of ['payment', 'read', 'operator'] as const) {
    say(`\n${GOALS[group]}: milliseconds beside a history of ${small} payments, and of ${large}`);
    say(
      table(
        ['', `p50 ${small}`, `p50 ${large}`, 'ratio', `p99 ${large}`],
        measured
          .filter((each) => each.group === group)
          .map(({ name, p50, p99 }) => [
            name,
            p50[0].toFixed(2),
            p50[1].toFixed(2),
            (p50[1] / p50[0]).toFixed(2),
            p99[1].toFixed(1),
          ]),
      ),
    );
  }
  say('\nverify --full, from the beginning (goal: linear)');
  say(
    table(
      ['payments', 'seconds', 'µs a payment', 'longest statement ms'],
      full.map(({ payments, seconds, longestStatementMs }) => [
        payments.toLocaleString('en'),
        seconds.toFixed(1),
        ((seconds / payments) * 1e6).toFixed(0),
        longestStatementMs.toFixed(0),
      ]),
    ),
  );
  say(
    '\nSo many are parked: what is looked at meanwhile, medians; then the pause is lifted, and all are sent (goals: ≥ 2,000 a second, no statement over 1 s)',
  );
  say(
    table(
      [
        'parked',
        'pauses ms',
        'gauges ms',
        'verify ms',
        'seconds',
        'sends a second',
        'longest statement ms',
        'runs',
      ],
      releases.map(({ parked, listPausesMs, readGaugesMs, verifyMs, seconds, longestStatementMs, runs }) => [
        parked.toLocaleString('en'),
        listPausesMs.toFixed(1),
        readGaugesMs.toFixed(1),
        verifyMs.toFixed(0),
        seconds.toFixed(1),
        (parked / seconds).toFixed(0),
        longestStatementMs.toFixed(0),
        runs,
      ]),
    ),
  );
}
