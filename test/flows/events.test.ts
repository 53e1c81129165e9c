import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiAnswer, ApiClient, paymentBody } from '../support/api-client.ts';
import { oncepayAt } from '../support/command-line.ts';
import { eventBody, signedHeaders } from '../support/events.ts';
import { LocalRuntime } from '../support/runtime.ts';

const runtime = new LocalRuntime();
let api: ApiClient;
let secret: string;

beforeAll(async () => {
  api = new ApiClient(await runtime.start());
  secret = (await oncepay('simulator', 'signing-secret')).out.trim();
});
afterAll(() => runtime.dispose());

const oncepay = (...args: readonly string[]) => oncepayAt(runtime.directory, args);

/** @returns the order of a payment that has ended */
async function paid(): Promise<ApiAnswer['body']> {
  const { body } = await api.pay();
  return (await api.settled(body.id)).payment_orders[0];
}

async function eventsOf(orderId: string): Promise<ApiAnswer['body'][]> {
  const { json } = await oncepay('events', 'list', '--limit', '500', '--json');
  return json.filter((event: { payment_order_id: string }) => event.payment_order_id === orderId);
}

const stored = (orderId: string) => expect.poll(() => eventsOf(orderId), { timeout: 10_000 });

async function post(body: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return (await fetch(`${api.endpoints.api}/webhooks/simulator`, { method: 'POST', headers, body })).status;
}

async function control(change: object): Promise<void> {
  const response = await fetch(`${api.endpoints.psp}/control`, {
    method: 'POST',
    body: JSON.stringify(change),
  });
  expect(response.status).toBe(200);
}

describe('the events of the simulated PSPs', () => {
  test('come to the API without anybody’s doing, and are stored', async () => {
    const order = await paid();
    await stored(order.id).toMatchObject([
      { psp_account: 'simulator', type: 'charge.succeeded', state: expect.stringMatching(/matched|ended/) },
    ]);
  });

  test('that come twice, or as two events of one change, are stored once', async () => {
    await control({ event_duplicate_rate: 1, event_twin_rate: 1 });
    const order = await paid();
    await stored(order.id).toMatchObject([{ deliveries: 4 }]);
    await control({ reset: true });
    await stored((await paid()).id).toHaveLength(1);
  });

  test('come again after a command, if a switch had turned them off', async () => {
    await control({ webhook_url: null });
    const silent = await paid();
    expect((await oncepay('simulator', 'send-events', '--json')).json).toEqual([
      { psp: 'simulator', webhook_url: `${api.endpoints.api}/webhooks/simulator` },
      { psp: 'simulator_2', webhook_url: `${api.endpoints.api}/webhooks/simulator_2` },
    ]);
    await stored((await paid()).id).toHaveLength(1);
    expect(await eventsOf(silent.id)).toEqual([]);
  });

  test('come to the account’s own address', async () => {
    const { body } = await api.pay({ paymentMethod: 'sim2_ok' });
    const [order] = (await api.settled(body.id)).payment_orders;
    await stored(order.id).toMatchObject([{ psp_account: 'simulator_2' }]);
  });

  test('are accepted under either of two secrets, and no other', async () => {
    for (const [versions, delivered] of [
      [[2], true],
      [[1, 2], true],
      [[3], false],
    ] as const) {
      await control({ webhook_secret_versions: versions });
      const order = await paid();
      if (delivered) await stored(order.id).toHaveLength(1);
      await expect
        .poll(async () => {
          const { json } = await oncepay('simulator', 'events', '--reference', order.id, '--json');
          return json.events[0].deliveries[0]?.status;
        })
        .toBe(delivered ? 200 : 400);
      if (!delivered) expect(await eventsOf(order.id)).toEqual([]);
    }
    await control({ reset: true });
  });
});

describe('an event that somebody posts', () => {
  test('unsigned, or signed by somebody else, gets one answer and changes nothing', async () => {
    const order = await paid();
    await stored(order.id).toHaveLength(1);
    const before = await api.get(`/payments?limit=1`);
    const body = eventBody({ reference: order.id, status: 'declined' });
    expect(await post(body, {})).toBe(400);
    expect(await post(body, signedHeaders(body, ['guessed'], Date.now()))).toBe(400);
    expect(await post(body, signedHeaders(body, [secret], Date.now() - 301_000))).toBe(400);
    expect(await eventsOf(order.id)).toHaveLength(1);
    expect((await api.get(`/payments?limit=1`)).body).toEqual(before.body);
  });

  test('signed, and about nothing of ours, is stored as foreign and changes nothing', async () => {
    const body = eventBody({ reference: 'a shop’s own', idempotencyKey: 'a shop’s own' });
    expect(await post(body, signedHeaders(body, [secret], Date.now()))).toBe(200);
    const { json } = await oncepay('events', 'list', '--state', 'foreign', '--json');
    expect(json).toMatchObject([{ psp_event_id: JSON.parse(body).id }]);
  });

  test('signed, and claiming what isn’t so, is stored and not believed', async () => {
    const order = await paid();
    const body = eventBody({ reference: order.id, idempotencyKey: 'x', status: 'declined' });
    expect(await post(body, signedHeaders(body, [secret], Date.now()))).toBe(200);
    await stored(order.id).toHaveLength(2);
    expect((await paid()).status).toBe('SUCCESS');
    const { body: payments } = await api.get(`/payments?limit=100`);
    const statuses = payments.data.flatMap(({ payment_orders }: ApiAnswer['body']) =>
      payment_orders.filter(({ id }: { id: string }) => id === order.id),
    );
    expect(statuses).toMatchObject([{ status: 'SUCCESS' }]);
  });

  test('of more than 64 KB is refused', async () => {
    const body = eventBody({ reference: 'x'.repeat(70_000) });
    expect(await post(body, signedHeaders(body, [secret], Date.now()))).toBe(413);
  });

  test('to an account that isn’t ours is not found', async () => {
    const response = await fetch(`${api.endpoints.api}/webhooks/${randomUUID()}`, {
      method: 'POST',
      body: '{}',
    });
    expect(response.status).toBe(404);
  });
});

test('an operator shows and replays an event, and the log says who', async () => {
  const order = await paid();
  await stored(order.id).toHaveLength(1);
  const [event] = await eventsOf(order.id);
  const shown = await oncepay('events', 'show', event.event_id, '--json');
  expect(JSON.parse(shown.json.body)).toMatchObject({ id: event.psp_event_id });
  expect((await oncepay('events', 'replay', event.event_id, '--why', 'a test', '--json')).json).toEqual([
    { event_id: event.event_id, state: 'ended' },
  ]);
  const { json } = await oncepay('audit', 'list', '--subject', event.event_id, '--json');
  expect(json).toMatchObject([{ action: 'event_replayed', reason: 'a test' }]);
  expect((await oncepay('events', 'replay', 'pev_none', '--why', 'a test')).code).toBe(1);
  expect((await oncepay('events', 'replay', '--why', 'a test')).code).toBe(2);
});

describe('a payment that waits for its buyer', () => {
  async function waiting(method = 'sim_requires_action'): Promise<{ paymentId: string; pageUrl: string }> {
    const body = {
      ...JSON.parse(paymentBody({ paymentMethod: method })),
      return_url: 'https://shop.example/done',
    };
    const { body: accepted } = await api.post(JSON.stringify(body));
    const nextAction = async () =>
      (await api.get(`/payments/${accepted.id}`)).body.payment_orders[0].next_action;
    await expect.poll(nextAction, { timeout: 10_000 }).toMatchObject({ type: 'redirect' });
    return { paymentId: accepted.id, pageUrl: (await nextAction()).url };
  }

  /** @returns the address that the PSP sends the buyer to */
  async function act(pageUrl: string, action: 'approve' | 'decline'): Promise<string> {
    const page = await (await fetch(pageUrl)).text();
    const token = /name="token" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const body = new URLSearchParams({ token, action });
    const { headers } = await fetch(pageUrl, { method: 'POST', body, redirect: 'manual' });
    return headers.get('location') ?? '';
  }

  test('succeeds by the PSP’s event, although the buyer never comes back', async () => {
    const { paymentId, pageUrl } = await waiting();
    await act(pageUrl, 'approve');
    expect(await api.settled(paymentId)).toMatchObject({ status: 'SUCCESS' });
  });

  test('succeeds by the buyer’s return, although the event is lost', async () => {
    await control({ event_loss_rate: 1 });
    const { paymentId, pageUrl } = await waiting();
    const back = await act(pageUrl, 'approve');
    expect(back).toMatch(new RegExp(`^${api.endpoints.api}/returns/ord_[0-9a-f]{32}`));
    const response = await fetch(back, { redirect: 'manual' });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(`https://shop.example/done?payment_id=${paymentId}`);
    expect(await api.settled(paymentId)).toMatchObject({ status: 'SUCCESS' });
    await control({ reset: true });
  });

  test('is charged once, whatever comes first and however often', async () => {
    await control({ event_duplicate_rate: 1, event_twin_rate: 1, event_reorder_rate: 0.5 });
    const { paymentId, pageUrl } = await waiting();
    const back = await act(pageUrl, 'approve');
    await Promise.all(Array.from({ length: 5 }, () => fetch(back, { redirect: 'manual' })));
    const payment = await api.settled(paymentId);
    expect(payment.status).toBe('SUCCESS');
    expect(await api.charges(payment.payment_orders[0].id)).toBe(1);
    await control({ reset: true });
  });

  test('is not woken by an event that isn’t the PSP’s', async () => {
    const { paymentId } = await waiting();
    const attempts = async () =>
      (await api.get(`/payments/${paymentId}`)).body.payment_orders[0].timeline.length;
    const [order] = (await api.get(`/payments/${paymentId}`)).body.payment_orders;
    // Its own event comes first.
    await stored(order.id).toHaveLength(1);
    await expect.poll(attempts).toBe(2);
    const body = eventBody({ reference: order.id, idempotencyKey: 'x', status: 'succeeded' });
    expect(await post(body, signedHeaders(body, ['guessed'], Date.now()))).toBe(400);
    const real = eventBody({ reference: order.id, idempotencyKey: 'x', status: 'succeeded' });
    expect(await post(real, signedHeaders(real, [secret], Date.now()))).toBe(200);
    // The second, signed, has it looked up, and is not believed.
    await expect.poll(attempts).toBe(3);
    expect((await api.get(`/payments/${paymentId}`)).body.status).toBe('EXECUTING');
  });
});

describe('a buyer who comes back from the PSP', () => {
  const open = (id: string) =>
    fetch(`${api.endpoints.api}/returns/${id}?redirect=https://evil.example`, { redirect: 'manual' });

  test('sees a page if the shop gave no address', async () => {
    const response = await open((await paid()).id);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await response.text()).toContain('Your payment is being confirmed');
  });

  test.each(['ord_1', `ord_${'0'.repeat(32)}`, 'x'])('with %s sees that there is nothing', async (id) => {
    const response = await open(id);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });
});
