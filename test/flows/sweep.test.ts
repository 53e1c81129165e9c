import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiAnswer, ApiClient } from '../support/api-client.ts';
import { oncepayAt } from '../support/command-line.ts';
import { LocalRuntime } from '../support/runtime.ts';

const runtime = new LocalRuntime();
let api: ApiClient;

beforeAll(async () => {
  api = new ApiClient(await runtime.start());
});
afterAll(() => runtime.dispose());

const oncepay = (...args: readonly string[]) => oncepayAt(runtime.directory, args);
/** What a PSP lists after its lag. */
const LISTED = { timeout: 20_000, interval: 250 };

async function runNow(functionName: string): Promise<void> {
  const body = JSON.stringify({ run_schedule: functionName });
  const response = await fetch(`${api.endpoints.runtime}/control`, { method: 'POST', body });
  expect(await response.json()).toEqual({ done: true });
}

async function control(change: object): Promise<void> {
  const response = await fetch(`${api.endpoints.psp}/control`, {
    method: 'POST',
    body: JSON.stringify(change),
  });
  expect(response.status).toBe(200);
}

/** The newest value of a metric in what the functions have written since. */
function measured(metric: string, written: string): number | undefined {
  const values = [...written.matchAll(new RegExp(`"${metric}":(\\d+)`, 'g'))];
  return values.length === 0 ? undefined : Number(values.at(-1)?.[1]);
}

async function measure(metric: string): Promise<number | undefined> {
  const before = runtime.output.length;
  await runNow('measure-pipeline');
  await expect.poll(() => measured(metric, runtime.output.slice(before)), LISTED).toBeDefined();
  return measured(metric, runtime.output.slice(before));
}

async function movementOf(paymentId: string): Promise<ApiAnswer['body']> {
  const { body } = await api.get(`/payments/${paymentId}`);
  return body.payment_orders[0].movements[0];
}

async function sweptUnknown(): Promise<ApiAnswer['body'][]> {
  await runNow('sweep-movements');
  return (await oncepay('movements', 'list', '--unknown', '--json')).json;
}

test('a payment shows when its money is available, once the PSP’s list was swept', async () => {
  const { body } = await api.pay();
  await api.settled(body.id);
  expect(await movementOf(body.id)).toMatchObject({ kind: 'charge', available_at: null });
  const availableAt = async () => {
    await runNow('sweep-movements');
    return (await movementOf(body.id)).available_at;
  };
  // The PSP pays out two days after the charge.
  await expect.poll(availableAt, LISTED).toMatch(/^\d{4}-\d\d-\d\dT/);
  const { occurred_at, available_at } = await movementOf(body.id);
  const days = (Date.parse(available_at) - Date.parse(occurred_at)) / (24 * 3600 * 1000);
  expect(days).toBeCloseTo(2, 3);
  const [order] = body.payment_orders;
  const { json } = await oncepay('movements', 'list', '--order', order.id, '--json');
  expect(json).toMatchObject([
    { payment_order_id: order.id, kind: 'charge', psp_entry_id: expect.stringMatching(/^txn_/) },
  ]);
});

test('a charge in the PSP’s dashboard is noted as unknown, raises the metric, and is closed by an operator', async () => {
  expect(await measure('DiscrepanciesOpen')).toBe(0);
  const { code, out } = await oncepay('simulator', 'charge', '700', 'EUR');
  expect(code).toBe(0);
  await expect.poll(sweptUnknown, LISTED).toMatchObject([
    {
      reason: 'unknown',
      psp_account: 'simulator',
      amount_minor: '700',
      currency: 'EUR',
      psp_reference: out.trim(),
      reference: 'dashboard',
    },
  ]);
  expect(await measure('DiscrepanciesOpen')).toBe(1);
  // Nothing is booked for it, and the PSP's own record shows that nobody's order is behind it.
  const booked: ApiAnswer['body'][] = (await oncepay('movements', 'list', '--json')).json;
  expect(booked.filter(({ currency }) => currency === 'EUR')).toEqual([]);
  expect(await oncepay('verify')).toMatchObject({ code: 1, out: expect.stringContaining(out.trim()) });

  const [{ discrepancy_id: id }] = await sweptUnknown();
  expect((await oncepay('movements', 'close', id, '--why', 'a test of finance')).code).toBe(0);
  expect(await sweptUnknown()).toEqual([]);
  expect(await measure('DiscrepanciesOpen')).toBe(0);
  expect((await oncepay('movements', 'close', id, '--why', 'again')).code).toBe(1);
});

test('a second charge for an order that is paid is noted beside the first', async () => {
  const { body } = await api.pay();
  const settled = await api.settled(body.id);
  const [order] = settled.payment_orders;
  await oncepay('simulator', 'charge', '15000', 'KRW', '--reference', order.id);
  await expect
    .poll(sweptUnknown, LISTED)
    .toMatchObject([{ reason: 'other_object', payment_order_id: order.id, reference: order.id }]);
  const { body: after } = await api.get(`/payments/${body.id}`);
  expect(after.payment_orders[0]).toMatchObject({ status: 'SUCCESS', amount_captured: 15_000 });
  expect(after.payment_orders[0].movements).toHaveLength(1);
});

test('a payment whose event was lost is woken by the sweep, and paid long before its next poll', async () => {
  await control({ webhook_url: null, processing_ms: 100 });
  const { body } = await api.pay({ paymentMethod: 'sim_pending_succeeds' });
  const status = async () => {
    await runNow('sweep-movements');
    return (await api.get(`/payments/${body.id}`)).body.status;
  };
  // Polled after half a minute, it would still be EXECUTING.
  await expect.poll(status, LISTED).toBe('SUCCESS');
  await expect
    .poll(async () => {
      await runNow('sweep-movements');
      return (await movementOf(body.id)).available_at;
    }, LISTED)
    .not.toBeNull();
  await control({ reset: true });
});

test('an amount that is none is refused with an example', async () => {
  expect(await oncepay('simulator', 'charge', '1.50', 'EUR')).toMatchObject({
    code: 2,
    err: expect.stringContaining('such as 1200'),
  });
});
