import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient, paymentBody } from '../support/api-client.ts';
import { PLANTED } from '../support/planted-secrets.ts';
import { rawRequest } from '../support/raw-request.ts';
import { LocalRuntime } from '../support/runtime.ts';
import { scanText } from '../support/secret-scan.ts';

const runtime = new LocalRuntime();
let api: ApiClient;
let database: pg.Client;

beforeAll(async () => {
  const endpoints = await runtime.start();
  api = new ApiClient(endpoints);
  database = new pg.Client(endpoints.postgres);
  await database.connect();
});
afterAll(async () => {
  await database.end();
  await runtime.dispose();
});

async function rows(): Promise<string> {
  const { rows: counts } = await database.query(
    `select (select count(*) from payment) as payments, (select count(*) from payment_order) as orders,
            (select count(*) from instruction) as instructions, (select count(*) from idempotency_key) as keys`,
  );
  return JSON.stringify(counts);
}

/** A good body with one thing changed. */
// biome-ignore lint/suspicious/noExplicitAny: a test spoils whatever it likes
function body(change: (payment: any) => void): string {
  const payment = JSON.parse(paymentBody());
  change(payment);
  return JSON.stringify(payment);
}

function order(change: object): string {
  return body((payment) => Object.assign(payment.payment_orders[0], change));
}

/** A good body with one piece of its text replaced: what JSON.stringify would never write. */
function text(find: string, replacement: string): string {
  return paymentBody().replace(find, replacement);
}

const LONG = 'x'.repeat(129);
const PAN = '4111 1111 1111 1111';

const BODIES: readonly (readonly [what: string, body: string | Buffer, status: number, pointer: string])[] = [
  ['broken JSON', '{"merchant_reference":', 400, ''],
  ['an empty body', '', 400, ''],
  ['a trailing comma', '{"a":1,}', 400, ''],
  ['single quotes', "{'a':1}", 400, ''],
  ['NaN', text('15000', 'NaN'), 400, ''],
  ['a leading zero', text('15000', '015'), 400, ''],
  ['a comment', `/* */${paymentBody()}`, 400, ''],
  ['two documents', `${paymentBody()}${paymentBody()}`, 400, ''],
  ['a byte order mark', `\ufeff${paymentBody()}`, 400, ''],
  ['a control character in a string', text('buyer-1', 'a\u0001b'), 400, ''],
  ['arrays nested 30,000 deep', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 400, ''],
  [
    'objects nested 20 deep',
    body((p) => Object.assign(p, { metadata: JSON.parse(`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`) })),
    422,
    '/metadata',
  ],
  ['null as the root', 'null', 422, ''],
  ['an array as the root', '[]', 422, ''],
  ['a string as the root', '"x"', 422, ''],
  ['a number as the root', '1', 422, ''],
  ['an empty object', '{}', 422, '/merchant_reference'],
  ['an unknown field', body((p) => Object.assign(p, { status: 'SUCCESS' })), 422, '/status'],
  ['an unknown field in an order', order({ fee: 1 }), 422, '/payment_orders/0/fee'],
  ['an id of its own', body((p) => Object.assign(p, { id: 'pay_1' })), 422, '/id'],
  ['__proto__', text('"buyer_id"', '"__proto__":{"x":1},"buyer_id"'), 422, '/__proto__'],
  ['constructor', body((p) => Object.assign(p, { constructor: 1 })), 422, '/constructor'],
  ['a name twice', text('"amount"', '"amount":1,"amount"'), 422, '/payment_orders/0/amount'],
  ['a name twice, once escaped', text('"buyer_id"', '"\\u0062uyer_id":"x","buyer_id"'), 422, '/buyer_id'],
  ['bytes that are not UTF-8', Buffer.from(text('buyer-1', 'a\u00ffb'), 'latin1'), 422, '/buyer_id'],
  ['a control character of ISO 8859', text('buyer-1', 'a\\u0085b'), 422, '/buyer_id'],
  ['an escaped NUL', text('buyer-1', 'a\\u0000b'), 422, '/buyer_id'],
  ['a lone surrogate', text('buyer-1', 'a\\ud800b'), 422, '/buyer_id'],
  ['a lone surrogate in a name', text('"buyer_id"', '"\\udc00":1,"buyer_id"'), 422, ''],
  ['an escaped line break', text('buyer-1', 'a\\nb'), 422, '/buyer_id'],
  ['an amount of 2^53', text('15000', '9007199254740992'), 422, '/payment_orders/0/amount'],
  ['an amount of 10^400', text('15000', '1'.padEnd(400, '0')), 422, '/payment_orders/0/amount'],
  ['an exponent', text('15000', '15e3'), 422, '/payment_orders/0/amount'],
  ['a decimal', text('15000', '150.5'), 422, '/payment_orders/0/amount'],
  ['a decimal that is an integer', text('15000', '15000.0'), 422, '/payment_orders/0/amount'],
  ['minus zero', text('15000', '-0'), 422, '/payment_orders/0/amount'],
  ['zero', order({ amount: 0 }), 422, '/payment_orders/0/amount'],
  ['a negative amount', order({ amount: -1 }), 422, '/payment_orders/0/amount'],
  ['an amount as text', order({ amount: '15000' }), 422, '/payment_orders/0/amount'],
  ['an amount of null', order({ amount: null }), 422, '/payment_orders/0/amount'],
  ['an amount of true', order({ amount: true }), 422, '/payment_orders/0/amount'],
  ['an unknown currency', order({ currency: 'ABC' }), 422, '/payment_orders/0/currency'],
  ['a currency in lower case', order({ currency: 'krw' }), 422, '/payment_orders/0/currency'],
  ['a currency as number', order({ currency: 410 }), 422, '/payment_orders/0/currency'],
  ['no currency', order({ currency: undefined }), 422, '/payment_orders/0/currency'],
  ['neither seller nor splits', order({ seller_id: undefined }), 422, '/payment_orders/0'],
  ['seller and splits', order({ splits: [{ seller_id: 's', amount: 15000 }] }), 422, '/payment_orders/0'],
  [
    'splits that sum to less',
    order({ seller_id: undefined, splits: [{ seller_id: 's', amount: 1 }] }),
    422,
    '/payment_orders/0/splits',
  ],
  ['no splits in splits', order({ seller_id: undefined, splits: [] }), 422, '/payment_orders/0/splits'],
  [
    '51 splits',
    order({
      seller_id: undefined,
      amount: 51,
      splits: Array.from({ length: 51 }, () => ({ seller_id: 's', amount: 1 })),
    }),
    422,
    '/payment_orders/0/splits',
  ],
  [
    'an unknown field in a split',
    order({ seller_id: undefined, splits: [{ seller_id: 's', amount: 15000, fee: 1 }] }),
    422,
    '/payment_orders/0/splits/0/fee',
  ],
  ['no orders', body((p) => Object.assign(p, { payment_orders: [] })), 422, '/payment_orders'],
  [
    '11 orders',
    body((p) => Object.assign(p, { payment_orders: Array(11).fill(p.payment_orders[0]) })),
    422,
    '/payment_orders',
  ],
  [
    'orders as an object',
    body((p) => Object.assign(p, { payment_orders: { 0: 1 } })),
    422,
    '/payment_orders',
  ],
  ['an order of null', body((p) => Object.assign(p, { payment_orders: [null] })), 422, '/payment_orders/0'],
  [
    'orders that sum to more than 2^53-1',
    body((p) =>
      Object.assign(p, {
        payment_orders: Array(2).fill({ ...p.payment_orders[0], amount: Number.MAX_SAFE_INTEGER }),
      }),
    ),
    422,
    '/payment_orders',
  ],
  [
    'an empty reference',
    body((p) => Object.assign(p, { merchant_reference: '' })),
    422,
    '/merchant_reference',
  ],
  [
    'a reference of 129 characters',
    body((p) => Object.assign(p, { merchant_reference: LONG })),
    422,
    '/merchant_reference',
  ],
  [
    'a reference of white space',
    body((p) => Object.assign(p, { merchant_reference: '  ' })),
    422,
    '/merchant_reference',
  ],
  [
    'a reference as a number',
    body((p) => Object.assign(p, { merchant_reference: 1 })),
    422,
    '/merchant_reference',
  ],
  ['a buyer as a list', body((p) => Object.assign(p, { buyer_id: ['a'] })), 422, '/buyer_id'],
  ['a seller of 129 characters', order({ seller_id: LONG }), 422, '/payment_orders/0/seller_id'],
  ['an unknown token', body((p) => Object.assign(p, { payment_method: 'sim_nope' })), 422, '/payment_method'],
  ['a card number as token', body((p) => Object.assign(p, { payment_method: PAN })), 422, '/payment_method'],
  [
    'an invisible character in a reference',
    body((p) => Object.assign(p, { merchant_reference: 'ref\u200b' })),
    422,
    '/merchant_reference',
  ],
  [
    'nothing but an invisible character',
    body((p) => Object.assign(p, { buyer_id: '\u200b' })),
    422,
    '/buyer_id',
  ],
  ['an id that is not in NFC', body((p) => Object.assign(p, { buyer_id: 'e\u0301' })), 422, '/buyer_id'],
  ['a seller that no path holds', order({ seller_id: '..' }), 422, '/payment_orders/0/seller_id'],
  ['a seller with a slash', order({ seller_id: 'a/b' }), 422, '/payment_orders/0/seller_id'],
  ['a seller of 101 emoji', order({ seller_id: '😀'.repeat(101) }), 422, '/payment_orders/0/seller_id'],
  [
    'a name that asks for card data',
    body((p) => Object.assign(p, { metadata: { cvc: '123' } })),
    422,
    '/metadata',
  ],
  [
    'a card number beside a name',
    body((p) => Object.assign(p, { metadata: { card: '4532015112830366' } })),
    422,
    '/metadata/card',
  ],
  [
    'a card number as reference',
    body((p) => Object.assign(p, { merchant_reference: PAN })),
    422,
    '/merchant_reference',
  ],
  [
    'a card number in metadata',
    body((p) => Object.assign(p, { metadata: { note: `card ${PAN}` } })),
    422,
    '/metadata/note',
  ],
  ['a card number as a name', body((p) => Object.assign(p, { metadata: { [PAN]: 'x' } })), 422, '/metadata'],
  ['metadata as text', body((p) => Object.assign(p, { metadata: 'x' })), 422, '/metadata'],
  ['metadata with a number', body((p) => Object.assign(p, { metadata: { a: 1 } })), 422, '/metadata/a'],
  [
    '21 pairs of metadata',
    body((p) =>
      Object.assign(p, {
        metadata: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, 'v'])),
      }),
    ),
    422,
    '/metadata',
  ],
  [
    'metadata of 501 characters',
    body((p) => Object.assign(p, { metadata: { a: 'x'.repeat(501) } })),
    422,
    '/metadata/a',
  ],
  [
    'a name of 41 characters in metadata',
    body((p) => Object.assign(p, { metadata: { ['k'.repeat(41)]: 'v' } })),
    422,
    '/metadata',
  ],
  [
    'bytes that are no UTF-8',
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    422,
    '',
  ],
  ['a body of 65 KB', body((p) => Object.assign(p, { metadata: { a: 'x'.repeat(65 * 1024) } })), 413, ''],
  ['a body of 10 MB and a little', Buffer.alloc(10 * 1024 * 1024 + 1, 'x'), 413, ''],
];

describe('a body with', () => {
  test.each(BODIES)(
    '%s is refused with a pointer, and leaves no row',
    async (_what, sent, status, pointer) => {
      const before = await rows();

      const answer = await api.post(sent);

      expect(answer.status, answer.text).toBe(status);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.body).toMatchObject({
        status,
        retryable: false,
        detail: expect.any(String),
        code: expect.any(String),
      });
      if (status === 422)
        expect(answer.body.errors.map((error: { pointer: string }) => error.pointer).join(' ')).toContain(
          pointer,
        );
      expect(await rows()).toBe(before);
    },
  );
});

describe('headers with', () => {
  const good = { 'content-type': 'application/json', 'idempotency-key': 'k' };
  test.each([
    ['no key', { 'content-type': 'application/json' }, 400],
    ['an empty key', { ...good, 'idempotency-key': '' }, 400],
    ['a key of 256 characters', { ...good, 'idempotency-key': 'k'.repeat(256) }, 400],
    ['an open quote', { ...good, 'idempotency-key': '"k' }, 400],
    ['a space in a bare key', { ...good, 'idempotency-key': 'a b' }, 400],
    ['letters beyond ASCII in the key', { ...good, 'idempotency-key': 'é' }, 400],
    ['an encoding', { ...good, 'content-encoding': 'gzip' }, 415],
    ['text as content', { ...good, 'content-type': 'text/plain' }, 415],
    ['a form as content', { ...good, 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['another charset', { ...good, 'content-type': 'application/json; charset=latin1' }, 415],
    ['two content types in one', { ...good, 'content-type': 'application/json, text/plain' }, 415],
  ])('%s are refused, and leave no row', async (_what, headers, status) => {
    const before = await rows();

    const answer = await api.request('POST', '/payments', { headers, body: paymentBody() });

    expect(answer.status, answer.text).toBe(status);
    expect(answer.body).toMatchObject({ status, code: expect.any(String) });
    expect(await rows()).toBe(before);
  });
});

describe('a request that is authorized by one header and cached by another', () => {
  const bearer = (key: string) => `Authorization: Bearer ${key}`;
  /** Of the wallet that only the first merchant has money in. */
  const readAs = (...lines: readonly string[]) =>
    rawRequest(api.endpoints.api, ['GET /v1/wallets/only-the-first HTTP/1.1', ...lines]);
  const [first, second, nobody] = [
    () => bearer(api.endpoints.apiKey),
    () => bearer(api.endpoints.secondApiKey),
    () => 'Authorization: Bearer nonsense',
  ];

  beforeAll(async () => {
    const { body: accepted } = await api.pay({
      orders: [{ amount: 7, currency: 'CHF', seller_id: 'only-the-first' }],
    });
    await api.settled(accepted.id);
  });

  test.each([
    ['two merchants, the other first', () => [second(), first()]],
    ['two merchants, the owner first', () => [first(), second()]],
    ['nonsense first', () => [nobody(), first()]],
    ['nonsense last', () => [first(), nobody()]],
    ['the same key twice', () => [first(), first()]],
    ['another spelling of the name', () => [second(), first().replace('Authorization', 'AUTHORIZATION')]],
    ['both values in one header', () => [`${second()}, Bearer ${api.endpoints.apiKey}`]],
    ['both values in one header without a space', () => [`${second()},Bearer ${api.endpoints.apiKey}`]],
    ['a key that the line goes on after', () => [`${first()} ${api.endpoints.secondApiKey}`]],
  ])('is refused with %s and not cached for 60 seconds', async (_what, lines) => {
    // Whichever of the values it might be kept under: before anything is, and when both keys are known.
    for (let round = 0; round < 2; round += 1) {
      const answer = await readAs(...lines());
      expect([400, 401], answer.text).toContain(answer.status);
      expect(answer.text).not.toContain('CHF');

      const asSecond = await readAs(second());
      expect(asSecond.status).toBe(200);
      expect(JSON.parse(asSecond.text).balances).toEqual([]);
      const asFirst = await readAs(first());
      expect(JSON.parse(asFirst.text).balances).toMatchObject([{ currency: 'CHF', posted: '7' }]);
      expect((await readAs(nobody())).status).toBe(401);
    }
  });

  test('makes no payment', async () => {
    const before = await rows();
    const json = ['Content-Type: application/json', 'Idempotency-Key: two-keys'];

    const answer = await rawRequest(
      api.endpoints.api,
      ['POST /v1/payments HTTP/1.1', first(), second(), ...json],
      paymentBody(),
    );

    expect(answer.status).toBe(400);
    expect(await rows()).toBe(before);
  });

  test.each([
    ['Idempotency-Key', ['Content-Type: application/json', 'Idempotency-Key: a', 'idempotency-key: b']],
    ['Content-Type', ['Content-Type: application/json', 'content-type: text/plain', 'Idempotency-Key: a']],
    [
      'Content-Encoding',
      [
        'Content-Encoding: identity',
        'Content-Encoding: gzip',
        'Content-Type: application/json',
        'Idempotency-Key: a',
      ],
    ],
  ])('is refused with %s twice, naming the header', async (name, lines) => {
    const before = await rows();

    const answer = await rawRequest(
      api.endpoints.api,
      ['POST /v1/payments HTTP/1.1', first(), ...lines],
      paymentBody(),
    );

    expect(answer.status, answer.text).toBe(400);
    expect(JSON.parse(answer.text).errors[0].pointer.toLowerCase()).toBe(name.toLowerCase());
    expect(await rows()).toBe(before);
  });

  test('says in a 401 how to present a key', async () => {
    expect((await readAs()).headers['www-authenticate']).toBe('Bearer realm="oncepay"');
  });
});

describe('a query or path with', () => {
  const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  test.each([
    ['/payments?limit=0', 400],
    ['/payments?limit=101', 400],
    ['/payments?limit=-1', 400],
    ['/payments?limit=1e1', 400],
    ['/payments?limit=', 400],
    ['/payments?limit=10&limit=20', 400],
    ['/payments?Limit=10', 400],
    ['/payments?cursor=a&cursor=b', 400],
    ['/payments?status=SUCCESS&status=FAILED', 400],
    ['/payments?status=SUCCESS,FAILED', 400],
    ['/payments?created_from=2026-01-01T00:00:00Z&created_from=2026-02-01T00:00:00Z', 400],
    ['/payments?cursor=x', 400],
    ['/payments?cursor=', 400],
    [`/payments?cursor=${'a'.repeat(400)}`, 400],
    [`/payments?cursor=${forged({ a: 1 })}`, 400],
    [`/payments?cursor=${forged(['2026-01-01T00:00:00.000Z', "x' or 1=1"])}`, 400],
    [`/payments?cursor=${forged(['2026-99-01T00:00:00.000Z', `pay_${'0'.repeat(32)}`])}`, 400],
    ['/payments?status=success', 400],
    ["/payments?status=SUCCESS'%20or%20'1'='1", 400],
    ['/payments?created_from=yesterday', 400],
    ['/payments?created_from=2026-02-30', 400],
    ['/payments?created_from=2026-02-30T00:00:00Z', 400],
    ['/payments?created_from=2026-01-01T24:00:00Z', 400],
    ['/payments?created_from=0000-01-01T00:00:00Z', 400],
    ['/payments?created_from=0001-01-01T00:00:00%2B14:00', 400],
    ['/payments?created_to=9999-12-31T23:59:59-14:00', 400],
    [`/payments?cursor=${forged(['2026-02-31T00:00:00.000Z', `pay_${'0'.repeat(32)}`])}`, 400],
    ['/payments?created_to=2026-01-01T00:00:00', 400],
    ['/payments?created_from=2026-02-01T00:00:00Z&created_to=2026-01-01T00:00:00Z', 400],
    ['/payments?unknown=1', 400],
    ['/payments?__proto__=1', 400],
    ['/payments?limit=10%00', 400],
    ['/payments/pay_x?expand=all', 400],
    ['/payments/%00', 400],
    ["/payments/x'%20or%20'1'='1", 404],
    [`/payments/${'a'.repeat(129)}`, 400],
    ['/payments/pay_00000000000000000000000000000000', 404],
    ['/payments/%F0%9F%92%B8', 404],
    ['/payments/%ff', 404],
    ['/wallets/%00', 400],
    ['/wallets/a%0Ab', 400],
    ['/wallets/a%E2%80%8Bb', 400],
    ['/wallets/e%CC%81', 400],
    ['/wallets/a%2Fb', 400],
    ['/wallets/a%25b', 400],
    ['/wallets/4111111111111111', 400],
    [`/wallets/${'a'.repeat(129)}`, 400],
    ['/wallets/', 404],
    ['/wallets', 404],
    ['/ledger', 404],
    ['/ledger/trial-balance?all=1', 400],
    ['/nothing', 404],
    ['/../v1/payments/x', 404],
  ])('%s is answered %i', async (path, status) => {
    const answer = await api.get(path);

    expect(answer.status, answer.text).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status, code: expect.any(String), detail: expect.any(String) });
  });

  test('with headers of 20 KB gets an answer in the usual form', async () => {
    const answer = await api.request('GET', '/payments', { headers: { 'x-much': 'x'.repeat(20_000) } });
    expect(answer.status).toBe(431);
    expect(answer.body).toMatchObject({ status: 431, code: 'unreadable_request', retryable: false });
  });

  test.each(['PUT', 'PATCH', 'DELETE'])('method %s gets 405 with the allowed methods', async (method) => {
    const answer = await api.request(method, '/payments', { body: randomUUID() });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST');
    expect(answer.body).toMatchObject({ status: 405, code: 'method_not_allowed', retryable: false });
  });

  test.each([
    ['/payments', 'GET, HEAD, OPTIONS, POST'],
    ['/payments/pay_x', 'GET, HEAD, OPTIONS'],
    ['/wallets/x', 'GET, HEAD, OPTIONS'],
    ['/ledger/trial-balance', 'GET, HEAD, OPTIONS'],
    ['/webhooks/simulator', 'OPTIONS, POST'],
    ['/returns/ord_x', 'GET, HEAD, OPTIONS'],
    ['/health', 'GET, HEAD, OPTIONS'],
    ['/openapi.json', 'GET, HEAD, OPTIONS'],
  ])('OPTIONS lists the methods of %s, without a key', async (path, allowed) => {
    const answer = await api.request('OPTIONS', path, { headers: { authorization: '' } });
    expect([answer.status, answer.headers.get('allow'), answer.text]).toEqual([204, allowed, '']);
  });

  test.each([
    ['/payments', 200],
    ['/payments/pay_x', 404],
    ['/returns/ord_x', 404],
    ['/wallets/x', 200],
    ['/ledger/trial-balance', 200],
    ['/health', 200],
  ])('HEAD answers %s as GET does, without the body', async (path, status) => {
    const [get, head] = [await api.get(path), await api.request('HEAD', path)];
    expect([head.status, head.text]).toEqual([status, '']);
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
    expect((await api.request('HEAD', '/payments', { headers: { authorization: 'no' } })).status).toBe(401);
  });
});

describe('a secret that no output may show', () => {
  const KEYED = { 'content-type': 'application/json' };

  /** Through every place of a request where a client can put text. */
  async function sendEverywhere(secret: string): Promise<readonly string[]> {
    const inBodies = [
      body((p) => Object.assign(p, { merchant_reference: `${secret} ${randomUUID()}` })),
      body((p) => Object.assign(p, { buyer_id: secret })),
      body((p) => Object.assign(p, { metadata: { note: `see ${secret}` } })),
      body((p) => Object.assign(p, { metadata: { [secret.slice(0, 40)]: 'x' } })),
      body((p) => Object.assign(p, { payment_method: secret })),
      body((p) => Object.assign(p, { [secret]: 1 })),
      order({ seller_id: secret }),
      `{"broken": "${secret}`,
    ];
    const accepted: string[] = [];
    for (const sent of inBodies) {
      const answer = await api.post(sent);
      if (answer.status === 202) accepted.push(answer.body.id);
    }
    const inHeader = encodeURI(secret);
    await api.request('POST', '/payments', {
      headers: {
        ...KEYED,
        'idempotency-key': `"${secret} ${randomUUID()}"`,
        'user-agent': inHeader,
        cookie: inHeader,
      },
      body: paymentBody(),
    });
    await api.request('GET', '/payments', {
      headers: { authorization: `Bearer ${secret.replaceAll(' ', '')}` },
    });
    await api.request('GET', '/payments', { headers: { authorization: `Basic ${inHeader}` } });
    const inPath = encodeURIComponent(secret);
    for (const path of [
      '/payments/',
      '/wallets/',
      '/',
      '/payments?cursor=',
      '/payments?status=',
      `/payments?${inPath}=`,
    ])
      await api.get(`${path}${inPath}`);
    return accepted;
  }

  test('is in no log line, PSP call, evidence or reason, however it was sent', {
    timeout: 180_000,
  }, async () => {
    for (const { text: secret } of PLANTED) {
      for (const id of await sendEverywhere(secret)) await api.settled(id);
    }
    await poison(PLANTED.map(({ text: secret }) => secret).join(' '));
    const { rows: kept } = await database.query(
      `select (select json_agg(e) from evidence e)::text || coalesce((select json_agg(l) from operation_log l)::text, '')
              || (select json_agg(json_build_object('reason', d.reason)) from dead_letter d)::text as text`,
    );
    const calls = await (await fetch(`${api.endpoints.psp}/requests?limit=1000`)).text();
    const files = readdirSync(join(runtime.directory, 'logs')).map((name) =>
      readFileSync(join(runtime.directory, 'logs', name), 'utf8'),
    );
    // The local demo keys are told to the person who starts it, once.
    const everything = [runtime.output, ...files, calls, kept[0].text].join('\n');

    expect(everything).toContain('payment order changed');
    expect(kept[0].text).toContain('unparseable');
    for (const { what, needle } of PLANTED)
      expect([what, everything.includes(needle)]).toEqual([what, false]);
    expect(scanText('the output', everything).filter(({ text }) => !isDemoKey(text))).toEqual([]);
  });

  function isDemoKey(text: string): boolean {
    const { apiKey, secondApiKey, postgres } = api.endpoints;
    return [apiKey, secondApiKey].some((key) => text.includes(key)) || postgres.includes(text);
  }

  /** A message that is no instruction, with all of it in its body; resolves when it is a dead letter. */
  async function poison(text: string): Promise<void> {
    const { sqs: endpoint, queueUrl: QueueUrl } = api.endpoints;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const sqs = new SQSClient({ endpoint, region: 'us-east-1', credentials });
    const MessageDeduplicationId = randomUUID();
    await sqs.send(
      new SendMessageCommand({ QueueUrl, MessageBody: text, MessageGroupId: 'x', MessageDeduplicationId }),
    );
    await expect
      .poll(async () => (await database.query('select 1 from dead_letter')).rowCount, { timeout: 30_000 })
      .toBe(1);
    sqs.destroy();
  }
});
