import type pg from 'pg';
import type { Endpoints } from '../../local/endpoints.ts';
import { payOnce, withoutEvents } from '../load.ts';
import { median, progress, say, settingsOfThisMachine, table, writeResult } from '../report.ts';
import { alternating, onRuntime, paced, untilAllSucceeded } from '../runtime-rounds.ts';

export interface SlowPspOptions {
  readonly rounds: number;
  readonly payments: number;
  /** Payments a second. */
  readonly rate: number;
  readonly json: boolean;
}

/** Like a card issuer: half of the answers within 400 ms, one in a hundred after more than a second. */
const LATENCY = { median_ms: 400, sigma: 0.5 };
const HANG_RATE = 0.01;

interface Round {
  readonly hangs: boolean;
  /** Seconds from accept to terminal of payments whose own call did not hang. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly hung: number;
}

/** Measures the cost for other payments if one PSP call in a hundred never answers. */
export async function measureSlowPsp(options: SlowPspOptions): Promise<void> {
  await onRuntime(async (endpoints, database) => {
    await payOnce(endpoints, 'warm-up', 0);
    const rounds: Round[] = [];
    for (const [round, hangs] of alternating(options.rounds)) {
      const measured = await measureRound(endpoints, database, hangs, `${round}-${hangs}`, options);
      rounds.push(measured);
      progress(`round ${round + 1}  ${hangs ? '1 % hang' : 'no hang '}  p50 ${measured.p50.toFixed(2)} s`);
    }
    const settings = { ...settingsOfThisMachine(), ...options, latency: LATENCY, hangRate: HANG_RATE };
    const file = writeResult('slow-psp', { settings, rounds });
    if (options.json) say(JSON.stringify({ settings, rounds }));
    else print(rounds);
    progress(`written to ${file}`);
  });
}

async function measureRound(
  endpoints: Endpoints,
  database: pg.Client,
  hangs: boolean,
  run: string,
  options: SlowPspOptions,
): Promise<Round> {
  await control(endpoints, { reset: true });
  await withoutEvents(endpoints);
  await control(endpoints, { latency: LATENCY, hang_rate: hangs ? HANG_RATE : 0 });
  await paced(options.payments, options.rate, (number) => payOnce(endpoints, run, number));
  await untilAllSucceeded(database, run, options.payments);
  return { hangs, ...(await readRound(database, run)) };
}

async function control({ psp }: Endpoints, change: object): Promise<void> {
  const response = await fetch(`${psp}/control`, { method: 'POST', body: JSON.stringify(change) });
  if (!response.ok)
    throw new Error(`the simulator refuses ${JSON.stringify(change)}: ${await response.text()}`);
}

async function readRound(database: pg.Client, run: string): Promise<Omit<Round, 'hangs'>> {
  const { rows } = await database.query<Record<'p50' | 'p95' | 'p99' | 'hung', number>>(
    `select percentile_cont(0.5) within group (order by seconds) filter (where attempts = 1) as p50,
            percentile_cont(0.95) within group (order by seconds) filter (where attempts = 1) as p95,
            percentile_cont(0.99) within group (order by seconds) filter (where attempts = 1) as p99,
            count(*) filter (where attempts > 1)::int as hung
     from (
       select extract(epoch from o.updated_at - o.created_at)::float8 as seconds, i.attempt_no as attempts
       from payment t
       join payment_order o using (payment_id)
       join instruction i using (payment_order_id)
       where t.merchant_reference like $1
     ) orders`,
    [`${run}-%`],
  );
  const [found] = rows;
  if (found === undefined) throw new Error('a round without payments');
  return found;
}

function print(rounds: readonly Round[]): void {
  const of = (hangs: boolean, key: 'p50' | 'p95' | 'p99') =>
    median(rounds.filter((round) => round.hangs === hangs).map((round) => round[key]));
  const row = (key: 'p50' | 'p95' | 'p99') => [
    key,
    of(false, key).toFixed(2),
    of(true, key).toFixed(2),
    (of(true, key) / of(false, key)).toFixed(2),
  ];
  say(
    '\nSeconds from accept to terminal of payments whose own PSP call did not hang. Medians of interleaved rounds.',
  );
  say(table(['', 'no hang', '1 % hang', 'ratio'], [row('p50'), row('p95'), row('p99')]));
  const hung = rounds.reduce((sum, round) => sum + round.hung, 0);
  say(
    `PSP latency is log-normal, median 400 ms. Goal: ratio ≤ 1.5. ${hung} calls hung; all of their payments succeeded.`,
  );
}
