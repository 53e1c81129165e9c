import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { LocalRuntime } from '../support/runtime.ts';

const runtime = new LocalRuntime(['test/support/fast-runtime.ts']);
const accepted: string[] = [];
let database: pg.Client;

beforeAll(() => runtime.start());
afterAll(async () => {
  await database.end();
  await runtime.dispose();
});

const TOKENS = ['sim_ok', 'sim_ok', 'sim_ok', 'sim_500_charged', 'sim_malformed', 'sim_flaky_1'];
const CLIENTS = 10;
const KILLS = 3;
/** Enough that payments are in every step of the pipeline when the kill comes. */
const ACCEPTED_BEFORE_A_KILL = 40;

/** Clients pay as fast as they are answered, until `until` payments are accepted; then everything is killed at once. */
async function payUntilKilled(until: number): Promise<void> {
  const api = new ApiClient(runtime.endpoints);
  let killing: Promise<unknown> | undefined;
  const client = async (number: number) => {
    for (let paid = number; killing === undefined; paid += 1) {
      try {
        const answer = await api.pay({ paymentMethod: TOKENS[paid % TOKENS.length] ?? 'sim_ok' });
        if (answer.status === 202) accepted.push(answer.body.id);
      } catch {
        // The connection broke: whether this one was accepted, nobody was told.
      }
      if (accepted.length >= until) killing ??= runtime.kill();
    }
    await killing;
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
}

async function count(condition: string): Promise<number> {
  const { rows } = await database.query<{ n: number }>(
    `select count(*)::int as n from payment_order where ${condition}`,
  );
  return rows[0]?.n ?? 0;
}

test('repeated kill -9 of everything: every 202 becomes terminal, nothing is charged twice, the books balance', async () => {
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await payUntilKilled(kill * ACCEPTED_BEFORE_A_KILL);
    await runtime.start();
  }
  const api = new ApiClient(runtime.endpoints);
  database = new pg.Client(runtime.endpoints.postgres);
  await database.connect();

  await expect
    .poll(() => count(`status not in ('SUCCESS', 'FAILED')`), { timeout: 100_000, interval: 500 })
    .toBe(0);

  const { rows: lost } = await database.query(
    'select id from unnest($1::text[]) as a(id) where not exists (select from payment where payment_id = id)',
    [accepted],
  );
  expect(lost).toEqual([]);
  expect(await count(`status = 'FAILED'`)).toBe(0);
  const { rows: orders } = await database.query<{ id: string }>(
    'select payment_order_id as id from payment_order',
  );
  for (const { id } of orders) expect(await api.charges(id), `charges of ${id}`).toBe(1);
  expect(await api.charges()).toBe(orders.length);
  const { rows: books } = await database.query(
    `select sum(case direction when 'debit' then amount_minor else -amount_minor end)::text as difference,
            count(*)::int as entries from ledger_entry`,
  );
  expect(books).toEqual([{ difference: '0', entries: orders.length * 2 }]);
  const { currencies } = (await api.get('/ledger/trial-balance')).body;
  expect(currencies).toEqual([
    {
      currency: 'KRW',
      debits: String(orders.length * 15_000),
      credits: String(orders.length * 15_000),
      difference: '0',
    },
  ]);
});

test('a function killed in the middle of an invocation loses nothing', { timeout: 60_000 }, async () => {
  const api = new ApiClient(runtime.endpoints);
  // A cold start of what reads would outlast what is slow.
  await api.get('/payments');
  const { body } = await api.pay({ paymentMethod: 'sim_slow_5s' });
  const kill = async () => {
    const response = await fetch(`${api.endpoints.runtime}/control`, {
      method: 'POST',
      body: JSON.stringify({ kill_function: 'execute-instructions' }),
    });
    return response.json();
  };
  await expect.poll(async () => (await api.get(`/payments/${body.id}`)).body.status).toBe('EXECUTING');
  await expect.poll(kill).toEqual({ done: true });

  const payment = await api.settled(body.id);

  expect(payment.status).toBe('SUCCESS');
  expect(await api.charges(payment.payment_orders[0].id)).toBe(1);
  // The attempt that died left no evidence; the next asked before anything else.
  expect(payment.payment_orders[0].timeline[0]).toMatchObject({ attempt_no: 2, action: 'look_up' });
});
