import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median, progress, say, settingsOfThisMachine, table, writeResult } from '../report.ts';
import { BARE, type Bundle, bareBundles, deployedBundles } from './bundles.ts';

export interface ColdStartOptions {
  readonly rounds: number;
  readonly json: boolean;
}

/** The functions that a payment uses; the others run in the background, or seldom. */
const WITH_GOALS: ReadonlySet<string> = new Set(['accept-payment', 'execute-instructions']);
const GOAL_KILOBYTES = 450;
const GOAL_RATIO = 1.2;

const LOADER = fileURLToPath(new URL('load-module.ts', import.meta.url));
const run = promisify(execFile);

interface Measured {
  readonly name: string;
  readonly kilobytes: number;
  /** Of each round, in milliseconds. */
  readonly loads: readonly number[];
  readonly loadMs: number;
  /** As a multiple of the bare clients' load, the median of the rounds' own ratios. */
  readonly ratio: number;
}

/** Size and load time of every bundle, compared with the bare SDK clients. */
export async function measureColdStart({ rounds, json }: ColdStartOptions): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'oncepay-bench-'));
  try {
    progress('bundling the functions as they would be deployed, and the bare SDK clients');
    const bundles = [...bareBundles(directory), ...(await deployedBundles())];
    const results = measured(bundles, await loadInRounds(bundles, rounds));
    const settings = { ...settingsOfThisMachine(), rounds };
    const file = writeResult('cold-start', { settings, results });
    if (json) say(JSON.stringify({ settings, results }));
    else print(results, rounds);
    progress(`written to ${file}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Each round loads each bundle once and starts with the next bundle, so that none is always the first. */
async function loadInRounds(
  bundles: readonly Bundle[],
  rounds: number,
): Promise<ReadonlyMap<Bundle, number[]>> {
  const loads = new Map<Bundle, number[]>(bundles.map((bundle) => [bundle, []]));
  // Not counted: it loads the files into the system's cache.
  for (const bundle of bundles) await loadOnce(bundle);
  for (let round = 0; round < rounds; round += 1) {
    progress(`round ${round + 1} of ${rounds}`);
    const first = round % bundles.length;
    for (const bundle of [...bundles.slice(first), ...bundles.slice(0, first)])
      loads.get(bundle)?.push(await loadOnce(bundle));
  }
  return loads;
}

/** In a separate process, with only the function's environment. */
async function loadOnce({ file, environment }: Bundle): Promise<number> {
  const env = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'none',
    AWS_SECRET_ACCESS_KEY: 'none',
    ...environment,
  };
  const { stdout } = await run(process.execPath, [LOADER, file], { env });
  return Number(stdout);
}

function measured(
  bundles: readonly Bundle[],
  loads: ReadonlyMap<Bundle, readonly number[]>,
): readonly Measured[] {
  const bare = bundles.find(({ name }) => name === BARE);
  const bareLoads = bare === undefined ? [] : (loads.get(bare) ?? []);
  return bundles.map((bundle) => {
    const own = loads.get(bundle) ?? [];
    const ratios = own.map((load, round) => load / (bareLoads[round] ?? Number.NaN));
    return {
      name: bundle.name,
      kilobytes: bundle.bytes / 1000,
      loads: own,
      loadMs: median(own),
      ratio: median(ratios),
    };
  });
}

function print(results: readonly Measured[], rounds: number): void {
  const rows = results.map(({ name, kilobytes, loadMs, ratio }) => [
    name,
    kilobytes.toFixed(0),
    loadMs.toFixed(0),
    ratio.toFixed(2),
    verdictOn(name, kilobytes, ratio),
  ]);
  say(`\nCold start: minified bundle, and module load in a fresh process; medians of ${rounds} rounds`);
  say(table(['function', 'KB', 'load, ms', '× bare clients', 'goal'], rows));
  say(
    `Goals, for what a payment goes through: ≤ ${GOAL_KILOBYTES} KB (PSP adapters apart), ≤ ${GOAL_RATIO} × the load of the bare SQS, DynamoDB and Data API clients, as the SDK has them.\n`,
  );
}

function verdictOn(name: string, kilobytes: number, ratio: number): string {
  if (!WITH_GOALS.has(name)) return '–';
  return kilobytes <= GOAL_KILOBYTES && ratio <= GOAL_RATIO ? 'reached' : 'missed';
}
