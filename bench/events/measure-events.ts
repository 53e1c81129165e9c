import type pg from 'pg';
import type { Endpoints } from '../../local/endpoints.ts';
import { payOnce, withoutEvents } from '../load.ts';
import { median, progress, say, settingsOfThisMachine, table, writeResult } from '../report.ts';
import { alternating, onRuntime, paced, untilAllSucceeded } from '../runtime-rounds.ts';
import { EventLoad, type EventsSent } from './event-load.ts';

export interface EventsOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Payments a second. */
  readonly payments: number;
  /** Events a second, duplicates included. */
  readonly events: number;
  readonly json: boolean;
}

const WARM_UP_SECONDS = 5;
/** The goal, in times of the figure without events. */
const GOAL = 1.2;

interface Round {
  readonly hasEvents: boolean;
  /** Milliseconds from the request to the 202. */
  readonly acceptP50: number;
  readonly acceptP99: number;
  /** Milliseconds from accept to terminal. */
  readonly terminalP50: number;
  readonly terminalP99: number;
  readonly events: EventsSent | undefined;
}

/** Measures what events beside payments cost the payments. A third of the events are duplicates. */
export async function measureEvents(options: EventsOptions): Promise<void> {
  await onRuntime(async (endpoints, database) => {
    await withoutEvents(endpoints);
    // As many environments as the load needs are started before anything is measured.
    await measureRound(endpoints, database, 'warm-up', true, { ...options, seconds: WARM_UP_SECONDS });
    const rounds: Round[] = [];
    for (const [round, hasEvents] of alternating(options.rounds)) {
      const run = `${round}-${hasEvents}`;
      const measured = await measureRound(endpoints, database, run, hasEvents, options);
      rounds.push(measured);
      progress(
        `round ${round + 1}  ${hasEvents ? 'events   ' : 'no events'}  accept p99 ${measured.acceptP99.toFixed(0)} ms`,
      );
    }
    const settings = { ...settingsOfThisMachine(), ...options };
    const file = writeResult('events', { settings, rounds });
    if (options.json) say(JSON.stringify({ settings, rounds }));
    else print(rounds);
    progress(`written to ${file}`);
  });
}

async function measureRound(
  endpoints: Endpoints,
  database: pg.Client,
  run: string,
  hasEvents: boolean,
  { seconds, payments, events: eventsPerSecond }: EventsOptions,
): Promise<Round> {
  const load = await EventLoad.open(endpoints);
  const sending = hasEvents ? load.send(run, eventsPerSecond, seconds) : undefined;
  const latencies: number[] = [];
  await paced(payments * seconds, payments, async (number) => {
    const postedAt = performance.now();
    const orderId = await payOnce(endpoints, run, number);
    latencies.push(performance.now() - postedAt);
    load.name(orderId);
  });
  const events = await sending;
  await untilAllSucceeded(database, run, payments * seconds);
  if (events !== undefined) await assertStoredOnce(database, run, events);
  latencies.sort((one, other) => one - other);
  return {
    hasEvents,
    acceptP50: percentile(latencies, 0.5),
    acceptP99: percentile(latencies, 0.99),
    ...(await readTerminal(database, run)),
    events,
  };
}

/** Every event is stored once. Of a delivery beside the first one the count may miss some. */
async function assertStoredOnce(database: pg.Client, run: string, sent: EventsSent): Promise<void> {
  const { rows } = await database.query<{ stored: number; deliveries: number }>(
    `select count(*)::int as stored, coalesce(sum(deliveries), 0)::int as deliveries
     from psp_event where psp_event_id like $1`,
    [`evt_${run}_%`],
  );
  const { stored, deliveries } = rows[0] ?? { stored: 0, deliveries: 0 };
  if (stored !== sent.distinct || deliveries > sent.accepted) {
    throw new Error(
      `${sent.distinct} events were sent ${sent.accepted} times; ${stored} are stored, with ${deliveries} deliveries`,
    );
  }
}

async function readTerminal(
  database: pg.Client,
  run: string,
): Promise<Pick<Round, 'terminalP50' | 'terminalP99'>> {
  const { rows } = await database.query<Pick<Round, 'terminalP50' | 'terminalP99'>>(
    `select percentile_cont(0.5) within group (order by milliseconds) as "terminalP50",
            percentile_cont(0.99) within group (order by milliseconds) as "terminalP99"
     from (
       select 1000 * extract(epoch from o.updated_at - o.created_at)::float8 as milliseconds
       from payment t
       join payment_order o using (payment_id)
       where t.merchant_reference like $1
     ) orders`,
    [`${run}-%`],
  );
  const [found] = rows;
  if (found === undefined) throw new Error('a round without payments');
  return found;
}

/** @param sorted ascending */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const FIGURES = [
  ['POST to 202, p50', 'acceptP50'],
  ['POST to 202, p99', 'acceptP99'],
  ['accept to terminal, p50', 'terminalP50'],
  ['accept to terminal, p99', 'terminalP99'],
] as const;

function print(rounds: readonly Round[]): void {
  const of = (hasEvents: boolean, key: (typeof FIGURES)[number][1]) =>
    median(rounds.filter((round) => round.hasEvents === hasEvents).map((round) => round[key]));
  say('\nMilliseconds of payments, without and with events beside them. Medians of interleaved rounds.');
  say(
    table(
      ['', 'no events', 'events', 'ratio'],
      FIGURES.map(([name, key]) => [
        name,
        of(false, key).toFixed(0),
        of(true, key).toFixed(0),
        (of(true, key) / of(false, key)).toFixed(2),
      ]),
    ),
  );
  const events = rounds.flatMap((round) => round.events ?? []);
  const sum = (key: keyof EventsSent) => events.reduce((total, each) => total + each[key], 0);
  const p99 = median(events.map((each) => each.p99)).toFixed(0);
  say(
    `${sum('accepted')} events were accepted, ${sum('accepted') - sum('distinct')} of them duplicates, each stored once; p99 ${p99} ms. Goal: p99 of payments ≤ ${GOAL} × without.`,
  );
}
