import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { Endpoints } from '../../local/endpoints.ts';
import { choosePorts } from '../../local/ports.ts';
import { startRuntime } from '../../local/runtime.ts';
import { payOnce, settle, withoutEvents } from '../load.ts';
import { progress, say, settingsOfThisMachine, table, writeResult } from '../report.ts';
import { FIXED, PRICES } from './prices.ts';

/** A multiple of ten, so that the last batch is as full as the others. */
const FULL_BATCH_PAYMENTS = 400;
const SINGLE_PAYMENTS = 40;
const CLIENTS = 16;

const countSchema = z.object({
  service: z.string(),
  action: z.string(),
  caller: z.string(),
  count: z.number(),
});
const countsSchema = z.object({ counts: z.array(countSchema) });
type Count = z.infer<typeof countSchema>;

interface Measured {
  readonly name: string;
  readonly payments: number;
  /** Requests per payment, by service. */
  readonly perPayment: Readonly<Record<string, number>>;
  readonly total: number;
  /** Listed apart: the authorizer's, whose answer is cached, and polls that found nothing. */
  readonly apart: Readonly<Record<string, number>>;
  readonly statements: number;
  readonly batchFill: number;
}

/** Prints requests and statements per payment at full batches and at batches of one, and the bill per million. */
export async function measureRequests(json: boolean): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'oncepay-bench-'));
  progress('starting the runtime from the templates of stage staging');
  // Not dev, whose database sleeps: its few marks of activity are no part of what a paying stage does.
  const runtime = await startRuntime({ directory, stage: 'staging', ports: choosePorts(0) });
  try {
    const { endpoints } = runtime;
    await withoutEvents(endpoints);
    await payOnce(endpoints, 'warm-up', 0);
    await countsOnceTerminal(endpoints);
    const results = [await fullBatches(endpoints), await batchesOfOne(endpoints)];
    const file = writeResult('requests', {
      settings: settingsOfThisMachine(),
      results,
      prices: PRICES,
      fixed: FIXED,
    });
    if (json) say(JSON.stringify({ results }));
    else print(results);
    progress(`written to ${file}`);
  } finally {
    await runtime.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A backlog first, then all of it: batches fill by backlog alone. */
async function fullBatches(endpoints: Endpoints): Promise<Measured> {
  progress(`${FULL_BATCH_PAYMENTS} payments into a backlog, then executed in full batches`);
  await control(endpoints, { reset_counts: true });
  await control(endpoints, { pause_polling: true });
  let next = 0;
  const client = async () => {
    while (next < FULL_BATCH_PAYMENTS) {
      next += 1;
      await payOnce(endpoints, 'full', next);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  await control(endpoints, { pause_polling: false });
  return measure(endpoints, 'full batches', FULL_BATCH_PAYMENTS);
}

async function batchesOfOne(endpoints: Endpoints): Promise<Measured> {
  progress(`${SINGLE_PAYMENTS} payments, each terminal before the next`);
  await control(endpoints, { reset_counts: true });
  for (let paid = 0; paid < SINGLE_PAYMENTS; paid += 1) {
    await payOnce(endpoints, 'single', paid);
    await settle(endpoints);
  }
  return measure(endpoints, 'batches of one', SINGLE_PAYMENTS);
}

async function control({ runtime }: Endpoints, command: object): Promise<void> {
  await fetch(`${runtime}/control`, { method: 'POST', body: JSON.stringify(command) });
}

const QUIET_MS = 300;

/** An order is terminal before its batch has ended: what that still asks for is counted here, and not with what comes next. */
async function countsOnceTerminal(endpoints: Endpoints): Promise<readonly Count[]> {
  await settle(endpoints);
  for (let counts = await countsOf(endpoints); ; ) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const later = await countsOf(endpoints);
    if (JSON.stringify(later) === JSON.stringify(counts)) return counts;
    counts = later;
  }
}

async function countsOf({ runtime }: Endpoints): Promise<readonly Count[]> {
  return countsSchema.parse(await (await fetch(`${runtime}/counts`)).json()).counts;
}

async function measure(endpoints: Endpoints, name: string, payments: number): Promise<Measured> {
  const counts = await countsOnceTerminal(endpoints);
  const sum = (wanted: (count: Count) => boolean) =>
    counts.filter(wanted).reduce((total, count) => total + count.count, 0);
  const isPayment = (count: Count) => !isApart(count);
  const batches = sum(({ action }) => action === 'Invoke execute-instructions');
  const services = ['api-gateway', 'lambda', 'rds-data', 'sqs', 'dynamodb'];
  const perPayment = Object.fromEntries(
    services.map((service) => [
      service,
      sum((count) => isPayment(count) && count.service === service) / payments,
    ]),
  );
  // A receive that brought messages is part of a payment; one that found nothing is polling.
  const receives = sum(({ action }) => action === 'ReceiveMessage');
  perPayment.sqs = (perPayment.sqs ?? 0) - (receives - batches) / payments;
  return {
    name,
    payments,
    perPayment,
    total: Object.values(perPayment).reduce((total, requests) => total + requests, 0),
    apart: {
      'authorizer (Lambda + Data API)': sum(({ action, caller }) =>
        /Authorize|authorize/.test(caller + action),
      ),
      'empty polls of the queue': receives - batches,
      'relay (Lambda + Data API)': sum(({ action, caller }) => /Relay|relay/.test(caller + action)),
      'measures and purge': sum(({ action, caller }) => /Measure|measure|Purge|purge/.test(caller + action)),
    },
    statements: sum((count) => isPayment(count) && count.service === 'rds-data') / payments,
    batchFill: payments / batches,
  };
}

/** Not a payment's: the authorizer, polling for the end, and scheduled runs. */
function isApart({ service, action, caller }: Count): boolean {
  if (service === 'api-gateway') return action !== 'POST';
  if (service === 'lambda') return !/ (accept-payment|execute-instructions)$/.test(action);
  // Functions ask by the names that the templates give them, in capitals; Lambda's own polling doesn't.
  return /^[A-Z]/.test(caller) && !/^(AcceptPayment|ExecuteInstructions)/.test(caller);
}

function print(results: readonly Measured[]): void {
  const services = Object.keys(results[0]?.perPayment ?? {});
  const rows = services.map((service) => [
    service,
    ...results.map((result) => (result.perPayment[service] ?? 0).toFixed(2)),
  ]);
  rows.push(['sum', ...results.map((result) => result.total.toFixed(2))]);
  rows.push(['SQL statements', ...results.map((result) => result.statements.toFixed(2))]);
  rows.push(['payments per batch', ...results.map((result) => result.batchFill.toFixed(1))]);
  say('\nRequests to AWS per one-order payment, counted at the wire');
  say(table(['', ...results.map((result) => result.name)], rows));
  say('Goals: at most 4.7 and 12 requests, 1.3 statements at full batches.\n');

  say('Apart, in the whole measurement');
  const apart = Object.keys(results[0]?.apart ?? {});
  say(
    table(
      ['', ...results.map((result) => result.name)],
      apart.map((name) => [name, ...results.map((result) => result.apart[name] ?? 0)]),
    ),
  );

  say('\nUS dollars per million payments, requests alone, us-east-1');
  const bills = results.map(billOf);
  const lines = (bills[0] ?? []).map(({ name }, index) => [
    name,
    ...bills.map((bill) => (bill[index]?.dollars ?? 0).toFixed(2)),
  ]);
  lines.push(['sum', ...bills.map((bill) => bill.reduce((sum, line) => sum + line.dollars, 0).toFixed(2))]);
  say(table(['', ...results.map((result) => result.name)], lines));
  for (const { name, dollarsPerMonth } of FIXED) say(`  fixed: $${dollarsPerMonth} a month for ${name}`);
  say('  not in it: Lambda’s milliseconds, which are the PSP’s answer time; data transfer; logs; keys\n');
}

function billOf({ perPayment }: Measured): readonly { readonly name: string; readonly dollars: number }[] {
  const per = (service: string) => perPayment[service] ?? 0;
  return [
    {
      name: PRICES['api-gateway'].name,
      dollars: per('api-gateway') * PRICES['api-gateway'].dollarsPerMillion,
    },
    { name: PRICES.lambda.name, dollars: per('lambda') * PRICES.lambda.dollarsPerMillion },
    { name: PRICES['rds-data'].name, dollars: per('rds-data') * PRICES['rds-data'].dollarsPerMillion },
    { name: PRICES.sqs.name, dollars: per('sqs') * PRICES.sqs.dollarsPerMillion },
    // However many requests carry them: each payment's key is read once and written once.
    { name: PRICES.dynamodbRead.name, dollars: PRICES.dynamodbRead.dollarsPerMillion },
    { name: PRICES.dynamodbWrite.name, dollars: PRICES.dynamodbWrite.dollarsPerMillion },
  ];
}
