import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { createColors } from 'picocolors';
import * as z from 'zod';
import type { Endpoints } from './endpoints.ts';
import { createLiveLog } from './live-log.ts';
import { choosePorts } from './ports.ts';
import { startRuntime } from './runtime.ts';
import { watchParents } from './watch-parents.ts';

/** `npm run demo`: starts a separate pipeline, pays, shows the results, stops. */
const isColored = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const colors = createColors(isColored);
const say = (line = '') => process.stdout.write(`${line}\n`);

/** Twenty payments: most succeed, and each fault of a PSP occurs. */
const PAYMENTS = [
  ...Array.from({ length: 9 }, () => 'sim_ok'),
  'sim_decline_insufficient_funds',
  'sim_decline_insufficient_funds',
  'sim_500_charged',
  'sim_500_not_charged',
  'sim_malformed',
  'sim_rate_limited',
  'sim_flaky_1',
  'sim_slow_5s',
  'sim_timeout_charged',
  'sim_timeout_not_charged',
  'sim_wrong_amount',
];

/** The slowest payment, a time-out of 10 s and a look-up, is done by then. */
const LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 250;

const orderSchema = z.object({ id: z.string(), status: z.string(), status_detail: z.string().nullable() });
const paymentSchema = z.object({
  id: z.string(),
  payment_method: z.string(),
  status: z.string(),
  payment_orders: z.array(orderSchema),
});
const listSchema = z.object({ data: z.array(paymentSchema) });
type Payment = z.infer<typeof paymentSchema>;
/** Text, as in the API, since it may exceed 2^53. */
const sum = z.string().transform(BigInt);
const walletSchema = z.object({
  seller_id: z.string(),
  balances: z.array(z.object({ currency: z.string(), posted: sum, available: sum })),
});
const trialBalanceSchema = z.object({
  currencies: z.array(z.object({ currency: z.string(), debits: sum, credits: sum, difference: sum })),
});

const SELLERS = ['seller-anna', 'seller-ben', 'seller-chen'];

async function demo(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'oncepay-demo-'));
  const starting = startRuntime({
    directory,
    stage: 'dev',
    ports: choosePorts(0),
    onStep: (step) => say(colors.dim(step)),
    onFunctionLine: createLiveLog({ json: false, color: isColored, write: say }),
  });
  const end = async () => {
    await starting.then(({ close }) => close());
    rmSync(directory, { recursive: true, force: true });
  };
  endEarly(end);
  try {
    const { endpoints } = await starting;
    await payAll(endpoints);
    const payments = await whenTerminal(endpoints);
    await report(endpoints, payments);
  } finally {
    await end();
  }
}

/** Interrupting the demo also stops PostgreSQL. */
function endEarly(end: () => Promise<void>): void {
  const leave = () => void end().finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, leave);
  watchParents('demo', process.env, leave);
}

async function payAll({ api, apiKey }: Endpoints): Promise<void> {
  say(colors.bold(`\nPaying ${PAYMENTS.length} times\n`));
  await Promise.all(
    PAYMENTS.map(async (paymentMethod, index) => {
      const response = await fetch(`${api}/payments`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
        },
        body: JSON.stringify({
          merchant_reference: `demo-${index + 1}`,
          buyer_id: 'buyer-1',
          payment_method: paymentMethod,
          payment_orders: [orderOf(index)],
        }),
      });
      if (response.status !== 202)
        throw new Error(`payment ${index + 1}: ${response.status} ${await response.text()}`);
    }),
  );
}

/** Every fourth payment is split among all three sellers. */
function orderOf(index: number): object {
  const amount = 3_000 * (index + 1);
  if (index % 4 !== 3) return { amount, currency: 'KRW', seller_id: SELLERS[index % SELLERS.length] };
  return {
    amount,
    currency: 'KRW',
    splits: SELLERS.map((seller_id) => ({ seller_id, amount: amount / SELLERS.length })),
  };
}

/** Terminal, or in manual review, where an invalid answer of the PSP leads. */
function isTerminalPayment(payment: Payment): boolean {
  return payment.payment_orders.every(
    ({ status, status_detail }) =>
      status === 'SUCCESS' || status === 'FAILED' || status_detail === 'manual_review',
  );
}

async function whenTerminal(endpoints: Endpoints): Promise<readonly Payment[]> {
  const until = Date.now() + LIMIT_MS;
  for (;;) {
    const { data } = listSchema.parse(await read(endpoints, '/payments?limit=100'));
    if (data.every(isTerminalPayment)) return data;
    if (Date.now() > until)
      throw new Error(`payments still open after ${LIMIT_MS / 1000} s: ${JSON.stringify(data)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function read({ api, apiKey }: Endpoints, path: string): Promise<unknown> {
  const response = await fetch(`${api}${path}`, { headers: { authorization: `Bearer ${apiKey}` } });
  return response.json();
}

async function report(endpoints: Endpoints, payments: readonly Payment[]): Promise<void> {
  const settled = new Table({ head: ['payment method', 'status', 'charges at the PSP'], style: style() });
  for (const payment of payments.toReversed()) settled.push(await paymentRow(endpoints, payment));
  say(`\n${settled.toString()}`);

  const wallets = new Table({ head: ['wallet', 'currency', 'posted', 'available'], style: style() });
  for (const seller of SELLERS) {
    const { balances } = walletSchema.parse(await read(endpoints, `/wallets/${seller}`));
    for (const { currency, posted, available } of balances) {
      wallets.push([seller, currency, posted.toLocaleString('en'), available.toLocaleString('en')]);
    }
  }
  say(wallets.toString());

  const balance = new Table({ head: ['trial balance', 'debits', 'credits', 'difference'], style: style() });
  const { currencies } = trialBalanceSchema.parse(await read(endpoints, '/ledger/trial-balance'));
  for (const { currency, debits, credits, difference } of currencies) {
    balance.push([currency, debits.toLocaleString('en'), credits.toLocaleString('en'), String(difference)]);
  }
  say(`${balance.toString()}\n`);
}

async function paymentRow({ psp }: Endpoints, payment: Payment): Promise<string[]> {
  const [order] = payment.payment_orders;
  const response = await fetch(`${psp}/charges?reference=${order?.id}`);
  const { total } = z.object({ total: z.number() }).parse(await response.json());
  const detail = order?.status_detail === null || order === undefined ? '' : ` (${order.status_detail})`;
  return [payment.payment_method, `${payment.status}${detail}`, String(total)];
}

function style() {
  return { head: isColored ? ['bold'] : [], border: isColored ? ['gray'] : [] };
}

await demo();
