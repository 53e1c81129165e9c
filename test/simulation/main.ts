import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { createColors } from 'picocolors';
import * as z from 'zod';
import { findEffects, groupsOf, pointsOf, runPoint } from './crash-points.ts';
import { BUGS } from './planted/bugs.ts';
import { runSchedule } from './run-schedule.ts';
import { shrink } from './shrink.ts';
import { addResult, addSummary, emptySummary, type Summary } from './summary.ts';

const colors = createColors(process.stdout.isTTY === true && process.env.NO_COLOR === undefined);
const say = (line: string) => process.stderr.write(`${line}\n`);

const optionsSchema = z.object({
  schedules: z.int(),
  seed: z.int(),
  jobs: z.int(),
  planted: z.boolean(),
  crashPoints: z.boolean(),
  pairs: z.boolean(),
  json: z.boolean(),
});
type Options = z.infer<typeof optionsSchema>;

const seedsSchema = z.object({ kind: z.literal('seeds'), from: z.int(), step: z.int(), until: z.int() });
const pointsSchema = z.object({
  kind: z.literal('points'),
  from: z.int(),
  step: z.int(),
  inPairs: z.boolean(),
});
const shareSchema = z.discriminatedUnion('kind', [seedsSchema, pointsSchema]);
const progressSchema = z.custom<Summary>();
const pointProgressSchema = z.object({ groups: z.int(), unreached: z.int(), failed: z.array(z.string()) });
type PointProgress = z.infer<typeof pointProgressSchema>;
/** A thread tells how far it is so often. */
const REPORT_EVERY = 50;

function integer(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It takes a whole number.');
  return Number(text);
}

const program = new Command('npm run simulate --')
  .description('Runs the real handlers under a deterministic scheduler, on virtual time, with faults.')
  .option('--schedules <n>', 'how many seeds', integer, 1_000)
  .option('--seed <n>', 'the first of them; with --schedules 1 its story is told', integer, 1)
  .option('--jobs <n>', 'threads', integer, availableParallelism())
  .option('--planted', 'plants one bug after the other, and looks how many seeds catch it', false)
  .option('--crash-points', 'crashes at every effect in every way', false)
  .option('--pairs', 'crashes at every pair of effects; a quarter of an hour of a processor', false)
  .option('--json', 'JSON on stdout', false)
  .addHelpText(
    'after',
    '\nExamples:\n  npm run simulate -- --schedules 100000\n  npm run simulate -- --schedules 1 --seed 738\n  npm run simulate -- --planted --schedules 200',
  );

if (isMainThread) {
  const options = optionsSchema.parse(program.parse().opts());
  process.exitCode = await main(options);
} else {
  await share();
}

async function main(options: Options): Promise<number> {
  if (options.planted) return planted(options);
  if (options.crashPoints || options.pairs) return crashPoints(options);
  if (options.schedules === 1) return tell(options.seed);
  return explore(options);
}

/** One thread's share. */
async function share(): Promise<void> {
  const work = shareSchema.parse(workerData);
  return work.kind === 'seeds' ? shareOfSeeds(work) : shareOfPoints(work);
}

async function shareOfSeeds({ from, step, until }: z.infer<typeof seedsSchema>): Promise<void> {
  let summary = emptySummary();
  for (let seed = from; seed < until; seed += step) {
    addResult(summary, await runSchedule({ seed }));
    if (summary.schedules < REPORT_EVERY) continue;
    parentPort?.postMessage(summary);
    summary = emptySummary();
  }
  parentPort?.postMessage(summary);
}

async function explore(options: Options): Promise<number> {
  const startedAt = performance.now();
  const total = emptySummary();
  const progress = () => {
    const seconds = (performance.now() - startedAt) / 1000;
    const rate = total.schedules / seconds;
    say(
      `  ${total.schedules} of ${options.schedules} schedules, ${rate.toFixed(0)}/s, ${total.failed.length} failed`,
    );
  };
  const timer = setInterval(progress, 5_000);
  const until = options.seed + options.schedules;
  const threads = Array.from({ length: options.jobs }, (_, index) =>
    runThread({ kind: 'seeds', from: options.seed + index, step: options.jobs, until }, (part) =>
      addSummary(total, progressSchema.parse(part)),
    ),
  );
  await Promise.all(threads);
  clearInterval(timer);
  const seconds = (performance.now() - startedAt) / 1000;
  if (options.json) process.stdout.write(`${JSON.stringify({ ...total, seconds })}\n`);
  else process.stdout.write(`${draw(total, seconds)}\n`);
  const [first] = total.failed;
  if (first !== undefined) await tell(first.seed, true);
  return total.failed.length === 0 ? 0 : 1;
}

function runThread(data: z.infer<typeof shareSchema>, onPart: (part: unknown) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: data });
    worker.on('message', onPart);
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}

function draw(summary: Summary, seconds: number): string {
  const table = new Table({
    head: ['fault', 'injected', 'instructions ended as', 'how many'],
    style: { head: [], border: [] },
  });
  const faults = Object.entries(summary.faults).sort(([, one], [, other]) => other - one);
  const states = Object.entries(summary.states).sort(([, one], [, other]) => other - one);
  for (let row = 0; row < Math.max(faults.length, states.length); row += 1) {
    table.push([...(faults[row] ?? ['', '']), ...(states[row] ?? ['', ''])].map(String));
  }
  const days = (summary.virtualSeconds / 86_400).toFixed(0);
  const rate = (summary.schedules / seconds).toFixed(0);
  const verdict =
    summary.failed.length === 0
      ? colors.green('0 violations')
      : colors.red(`${summary.failed.length} failed`);
  return `${table.toString()}\n${summary.schedules} schedules in ${seconds.toFixed(0)} s (${rate} seeds/s), ${days} days of virtual time: ${verdict}`;
}

/** The story of one seed; a failing one is shrunk where that can be done. */
async function tell(seed: number, isShrunk = false): Promise<number> {
  const result = await runSchedule({ seed });
  process.stdout.write(`${[`seed ${seed}`, ...result.story].join('\n')}\n`);
  if (result.violations.length === 0) return 0;
  process.stdout.write(`${result.violations.map((what) => colors.red(`  ${what}`)).join('\n')}\n`);
  process.stdout.write(`replay: npm run simulate -- --schedules 1 --seed ${seed}\n`);
  if (isShrunk) {
    const smaller = await shrink({ seed });
    process.stdout.write(
      `${[`with ${smaller.payments} payment(s) and only: ${smaller.faults.join(', ')}`, ...smaller.result.story].join('\n')}\n`,
    );
  }
  return 1;
}

async function planted(options: Options): Promise<number> {
  const rows: { bug: string; rule: number; caught: number; of: number; seed: number | null; what: string }[] =
    [];
  for (const bug of BUGS) {
    const row = { bug: bug.name, rule: bug.rule, caught: 0, of: 0, seed: null as number | null, what: '' };
    for (let seed = options.seed; seed < options.seed + options.schedules; seed += 1) {
      const { violations } = await runSchedule({ ...bug.where, seed, planted: bug.planted });
      row.of += 1;
      if (violations.length === 0) continue;
      row.caught += 1;
      if (row.seed === null) Object.assign(row, { seed, what: violations[0] ?? '' });
    }
    rows.push(row);
    say(
      `  ${row.caught > 0 ? colors.green('caught') : colors.red('MISSED')}  ${bug.name}: ${row.caught} of ${row.of}`,
    );
  }
  const missed = rows.filter((row) => row.caught === 0).length;
  if (options.json) process.stdout.write(`${JSON.stringify({ planted: rows, missed })}\n`);
  else
    process.stdout.write(
      `${drawPlanted(rows)}\n${rows.length - missed} of ${rows.length} planted bugs caught\n`,
    );
  return missed === 0 ? 0 : 1;
}

function drawPlanted(
  rows: readonly {
    bug: string;
    rule: number;
    caught: number;
    of: number;
    seed: number | null;
    what: string;
  }[],
): string {
  const table = new Table({
    head: ['planted bug', 'rule', 'caught by', 'first seed', 'what it did'],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    table.push([
      row.bug,
      row.rule,
      `${row.caught} of ${row.of}`,
      row.seed ?? '',
      row.what.replaceAll(/_0+/g, '_').slice(0, 60),
    ]);
  }
  return table.toString();
}

async function crashPoints({ jobs, pairs: inPairs }: Options): Promise<number> {
  const points = pointsOf(await findEffects());
  const groups = groupsOf(points, inPairs);
  const total: PointProgress = { groups: 0, unreached: 0, failed: [] };
  const add = (part: PointProgress) => {
    total.groups += part.groups;
    total.unreached += part.unreached;
    total.failed.push(...part.failed);
    for (const failed of part.failed) say(colors.red(failed));
  };
  const timer = setInterval(() => say(`  ${total.groups} of ${groups.length}`), 30_000);
  const threads = Array.from({ length: jobs }, (_, from) =>
    runThread({ kind: 'points', from, step: jobs, inPairs }, (part) => add(pointProgressSchema.parse(part))),
  );
  await Promise.all(threads);
  clearInterval(timer);
  const said = { points: points.length, ...total, failed: total.failed.length };
  process.stdout.write(`${JSON.stringify(said)}\n`);
  return total.failed.length === 0 ? 0 : 1;
}

async function shareOfPoints({ from, step, inPairs }: z.infer<typeof pointsSchema>): Promise<void> {
  const groups = groupsOf(pointsOf(await findEffects()), inPairs);
  for (let index = from; index < groups.length; index += step) {
    const group = groups[index] ?? [];
    const { struck, failed } = await runPoint(group, inPairs ? 1 : 3);
    const { seed, violations } = failed ?? {};
    const part: PointProgress = {
      groups: 1,
      unreached: struck === 0 && failed === undefined ? 1 : 0,
      failed: failed === undefined ? [] : [JSON.stringify({ group, seed, violations })],
    };
    parentPort?.postMessage(part);
  }
}
