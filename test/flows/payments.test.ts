import { randomUUID } from 'node:crypto';
import {
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateApiKey } from '../../adapters/api-key.ts';
import { ApiClient, paymentBody } from '../support/api-client.ts';
import { LocalRuntime } from '../support/runtime.ts';

const runtime = new LocalRuntime();
let api: ApiClient;
let other: ApiClient;

beforeAll(async () => {
  const endpoints = await runtime.start();
  api = new ApiClient(endpoints);
  other = new ApiClient(endpoints, endpoints.secondApiKey);
});
afterAll(() => runtime.dispose());

describe('a payment', () => {
  test('is accepted with its address, charged once, booked and readable', async () => {
    const seller = randomUUID();
    const accepted = await api.pay({ orders: [{ amount: 1234, currency: 'USD', seller_id: seller }] });
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get('location')).toBe(`/v1/payments/${accepted.body.id}`);
    expect(accepted.headers.get('x-request-id')).toBeTruthy();
    expect(accepted.body).toMatchObject({
      status: 'NOT_STARTED',
      payment_orders: [{ status_detail: 'queued' }],
    });

    const payment = await api.settled(accepted.body.id);

    const [order] = payment.payment_orders;
    expect(payment.status).toBe('SUCCESS');
    expect(order).toMatchObject({ status: 'SUCCESS', status_detail: null, amount: 1234, seller_id: seller });
    expect(order).toMatchObject({ amount_captured: 1234, amount_refunded: 0 });
    expect(order.movements).toEqual([expect.objectContaining({ kind: 'charge', amount: 1234 })]);
    expect(order.timeline).toEqual([expect.objectContaining({ action: 'send', outcome: 'succeeded' })]);
    expect(await api.charges(order.id)).toBe(1);
    expect((await api.get(`/wallets/${seller}`)).body).toEqual({
      seller_id: seller,
      balances: [{ currency: 'USD', posted: '1234', pending: '0', available: '1234' }],
    });
  });

  test('is found by its request’s id in the log of every step, each line in a trace', async () => {
    const accepted = await api.pay();
    await api.settled(accepted.body.id);

    const requestId = accepted.headers.get('x-request-id') ?? 'none';
    const lines = () =>
      runtime.output
        .split('\n')
        .filter((line) => line.includes(requestId))
        .map((line) => JSON.parse(line));
    await expect
      .poll(() => lines().map(({ service }) => service))
      .toEqual(expect.arrayContaining(['accept-payment', 'execute-instructions']));
    for (const line of lines()) {
      expect(line).toMatchObject({
        correlation_id: requestId,
        xray_trace_id: expect.stringMatching(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      });
    }
  });

  test('split among sellers is one charge and one credit each', async () => {
    const sellers = [randomUUID(), randomUUID(), randomUUID()];
    const splits = sellers.map((seller_id, index) => ({ seller_id, amount: 100 * (index + 1) }));
    const { body } = await api.pay({ orders: [{ amount: 600, currency: 'EUR', splits }] });

    const payment = await api.settled(body.id);

    expect(payment.payment_orders[0].splits).toEqual(splits);
    expect(await api.charges(payment.payment_orders[0].id)).toBe(1);
    const wallets = await Promise.all(sellers.map((seller) => api.get(`/wallets/${seller}`)));
    expect(wallets.map((wallet) => wallet.body.balances[0].posted)).toEqual(['100', '200', '300']);
  });

  test('of several orders may succeed in part', async () => {
    const orders = Array.from({ length: 10 }, () => ({ amount: 10, currency: 'KRW', seller_id: 'many' }));
    const { body } = await api.pay({ orders });

    const payment = await api.settled(body.id);

    expect(payment.status).toBe('SUCCESS');
    const charges = await Promise.all(
      payment.payment_orders.map((order: { id: string }) => api.charges(order.id)),
    );
    expect(charges).toEqual(orders.map(() => 1));
  });

  test.each([
    ['sim_decline_insufficient_funds', 'FAILED', 0],
    ['sim_500_charged', 'SUCCESS', 1],
    ['sim_500_not_charged', 'SUCCESS', 1],
    ['sim_rate_limited', 'SUCCESS', 1],
    ['sim_malformed', 'SUCCESS', 1],
    ['sim_flaky_2', 'SUCCESS', 1],
    ['sim_slow_5s', 'SUCCESS', 1],
    ['sim_timeout_charged', 'SUCCESS', 1],
    ['sim_timeout_not_charged', 'SUCCESS', 1],
    ['pm_card_visa', 'SUCCESS', 1],
  ])(
    'with %s ends in %s with %i charge',
    { concurrent: true, timeout: 60_000 },
    async (paymentMethod, status, charges) => {
      const { body } = await api.pay({ paymentMethod });

      const payment = await api.settled(body.id);

      expect(payment.status).toBe(status);
      expect(await api.charges(payment.payment_orders[0].id)).toBe(charges);
    },
  );

  test('is not booked and waits for manual review if the PSP answers another amount', async () => {
    const seller = randomUUID();
    const { body } = await api.pay({
      paymentMethod: 'sim_wrong_amount',
      orders: [{ amount: 500, currency: 'KRW', seller_id: seller }],
    });
    await expect
      .poll(async () => (await api.get(`/payments/${body.id}`)).body.payment_orders[0].status_detail, {
        timeout: 10_000,
      })
      .toBe('manual_review');
    expect((await api.get(`/wallets/${seller}`)).body.balances).toEqual([]);
  });
});

describe('the books', () => {
  test('balance in every currency', async () => {
    await api.settled((await api.pay()).body.id);
    const { body } = await api.get('/ledger/trial-balance');
    expect(body.currencies.length).toBeGreaterThan(0);
    for (const row of body.currencies) expect(row).toMatchObject({ difference: '0', debits: row.credits });
  });

  test('keep every digit of sums past 2^53', async () => {
    const seller = randomUUID();
    const orders = [{ amount: Number.MAX_SAFE_INTEGER, currency: 'VND', seller_id: seller }];
    const accepted = await Promise.all(Array.from({ length: 4 }, () => api.pay({ orders })));
    await Promise.all(accepted.map(({ body }) => api.settled(body.id)));

    const sum = String(4n * BigInt(Number.MAX_SAFE_INTEGER));
    expect((await api.get(`/wallets/${seller}`)).body.balances).toEqual([
      { currency: 'VND', posted: sum, pending: '0', available: sum },
    ]);
    expect((await api.get('/ledger/trial-balance')).body.currencies).toContainEqual({
      currency: 'VND',
      debits: sum,
      credits: sum,
      difference: '0',
    });
  });
});

describe('a text of the merchant’s', () => {
  test('in metadata is returned unchanged, including line breaks', async () => {
    const metadata = { 'gift note': '\tDear Ann,\r\n❤️ from 👨‍👩‍👧\ne\u0301' };
    const accepted = await api.post(JSON.stringify({ ...JSON.parse(paymentBody()), metadata }));

    expect([accepted.status, accepted.body.metadata]).toEqual([202, metadata]);
    expect((await api.get(`/payments/${accepted.body.id}`)).body.metadata).toEqual(metadata);
  });

  test.each([
    ['65 emoji', '😀'.repeat(65)],
    ['128 letters of three bytes', '셀'.repeat(128)],
    ['the marks of a URL', '?a=b&c#d;e+f "g" <h>'],
    ['dots with more', '...'],
  ])('of %s names a seller whose wallet can be read', async (_what, seller) => {
    const { body, status } = await api.pay({ orders: [{ amount: 5, currency: 'KRW', seller_id: seller }] });
    expect(status, JSON.stringify(body)).toBe(202);
    await api.settled(body.id);

    const wallet = await api.get(`/wallets/${encodeURIComponent(seller)}`);
    expect(wallet.body).toMatchObject({ seller_id: seller, balances: [{ posted: '5' }] });
  });

  test.each(['application/json; charset=utf8', 'Application/JSON;charset="UTF-8"'])(
    'is read with the content type %s',
    async (contentType) => {
      const headers = { 'content-type': contentType, 'idempotency-key': randomUUID() };
      expect((await api.request('POST', '/payments', { headers, body: paymentBody() })).status).toBe(202);
    },
  );
});

describe('an idempotency key', () => {
  test('used by fifty requests at once makes one payment, and every answer is the same to the byte', async () => {
    const body = paymentBody();
    const key = randomUUID();

    const answers = await Promise.all(Array.from({ length: 50 }, () => api.post(body, key)));

    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([202]));
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true')).toHaveLength(49);
    await api.settled(answers[0]?.body.id);
    const replay = await api.post(body, key);
    expect(replay.text).toBe(answers[0]?.text);
    expect(await api.charges(replay.body.payment_orders[0].id)).toBe(1);
  });

  test('is the same for another order of names, and quoted or bare', async () => {
    const key = randomUUID();
    const first = JSON.parse(paymentBody());
    const turned = Object.fromEntries(Object.entries(first).reverse());

    const one = await api.post(JSON.stringify(first), key);
    const two = await api.post(JSON.stringify(turned, null, 2), `"${key}"`);

    expect(two.headers.get('idempotent-replayed')).toBe('true');
    expect(two.text).toBe(one.text);
  });

  test('with another body is refused', async () => {
    const key = randomUUID();
    await api.pay({ key });
    expect(await api.pay({ key })).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  test('of another merchant does not collide', async () => {
    const key = randomUUID();
    const body = paymentBody();
    const one = await api.post(body, key);
    const two = await other.post(body, key);
    expect(two.status).toBe(202);
    expect(two.headers.get('idempotent-replayed')).toBeNull();
    expect(two.body.id).not.toBe(one.body.id);
  });

  test('a merchant reference can never be reused', async () => {
    const reference = randomUUID();
    await api.pay({ reference });
    expect(await api.pay({ reference })).toMatchObject({
      status: 409,
      body: { code: 'duplicate_merchant_reference' },
    });
  });
});

describe('another merchant', () => {
  test('sees nothing on any path', async () => {
    const seller = randomUUID();
    const { body } = await api.pay({ orders: [{ amount: 1, currency: 'CHF', seller_id: seller }] });
    await api.settled(body.id);

    expect(await other.get(`/payments/${body.id}`)).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
    expect((await other.get(`/wallets/${seller}`)).body.balances).toEqual([]);
    expect(JSON.stringify((await other.get('/ledger/trial-balance')).body)).not.toContain('CHF');
    const mine = (await api.get('/payments?limit=100')).body.data.map(
      (payment: { id: string }) => payment.id,
    );
    const theirs = (await other.get('/payments?limit=100')).body.data.map(
      (payment: { id: string }) => payment.id,
    );
    expect(theirs.filter((id: string) => mine.includes(id))).toEqual([]);
    const { next_cursor } = (await api.get('/payments?limit=1')).body;
    const stolen = (await other.get(`/payments?cursor=${next_cursor}`)).body.data;
    expect(stolen.filter((payment: { id: string }) => mine.includes(payment.id))).toEqual([]);
  });

  test.each([
    ['no key', undefined],
    [
      'a wrong key',
      // Of the right form, checksum included.
      generateApiKey('test').text,
    ],
    ['a key of a stage that takes real money', generateApiKey('live').text],
    ['something else', 'Basic Zm9vOmJhcg=='],
  ])('%s is refused on every path', async (_what, key) => {
    const client = new ApiClient(api.endpoints, key ?? '');
    const headers: Record<string, string> =
      key === undefined
        ? { authorization: '' }
        : { authorization: key.startsWith('Basic') ? key : `Bearer ${key}` };
    for (const path of ['/payments', '/payments/pay_x', '/wallets/x', '/ledger/trial-balance']) {
      const answer = await client.request('GET', path, { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.body).toMatchObject({ code: 'unauthorized', status: 401 });
    }
  });

  test('a key plus a character, or less one, is refused, also when the right one was just used', async () => {
    await api.get('/payments');
    for (const key of [`${api.apiKey}0`, `${api.apiKey}x`, api.apiKey.slice(0, -1), ` ${api.apiKey}x`]) {
      expect((await new ApiClient(api.endpoints, key).get('/payments')).status).toBe(401);
    }
  });
});

describe('open to all', () => {
  test('health and the contract need no key', async () => {
    const nobody = new ApiClient(api.endpoints, '');
    expect(await nobody.get('/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect((await nobody.get('/openapi.json')).body).toMatchObject({ openapi: '3.1.0' });
  });
});

describe('the rotation of the database’s logins', () => {
  test('gives each login another password, and payments continue', async () => {
    const { secretsManager: endpoint, rdsDataResource, loginSecretArns } = api.endpoints;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const client = new SecretsManagerClient({ endpoint, region: 'us-east-1', credentials });
    const versionOf = async (SecretId: string) =>
      (await client.send(new GetSecretValueCommand({ SecretId }))).VersionId;
    const rotated = [rdsDataResource.secretArn, ...Object.values(loginSecretArns)].map(async (SecretId) => {
      const before = await versionOf(SecretId);
      await client.send(new RotateSecretCommand({ SecretId }));
      await expect.poll(() => versionOf(SecretId), { timeout: 30_000 }).not.toBe(before);
    });
    await Promise.all(rotated);
    client.destroy();

    const { body } = await api.pay();

    expect((await api.settled(body.id)).status).toBe('SUCCESS');
  });
});
