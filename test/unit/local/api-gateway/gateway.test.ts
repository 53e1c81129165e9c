import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jsonOf, route, TinyApi } from '../../../support/gateway.ts';

/** Answers with its event, or as the event's body says. */
const ECHO = `export const handler = async (event) => {
  const wish = event.path === '/as-told' ? JSON.parse(event.body) : {};
  if (wish.throw) throw new Error('secret detail');
  if (wish.hang) await new Promise((resolve) => setTimeout(resolve, 60_000));
  if ('result' in wish) return wish.result;
  return { statusCode: 200, body: JSON.stringify(event) };
};`;

const MEGABYTE = 1024 * 1024;
const problem = {
  type: 'DEFAULT_4XX',
  status: undefined,
  headers: { 'gatewayresponse.header.Content-Type': "'application/problem+json'" },
  template: '{"title":$context.error.messageString,"instance":"$context.path"}',
};

let api: TinyApi;

beforeAll(async () => {
  api = await TinyApi.start(
    { tiny: ECHO },
    {
      routes: [
        route('GET', '/things/{id}'),
        route('POST', '/things'),
        route('POST', '/as-told', { timeoutMilliseconds: 1000 }),
        route('POST', '/named', { requiredHeaders: ['x-name'] }),
      ],
      responses: new Map([['DEFAULT_4XX', problem]]),
    },
  );
});
afterAll(() => api.close());

const asTold = (wish: object) => api.call('POST', '/v1/as-told', {}, JSON.stringify(wish));

describe('a request that no route takes is refused as the gateway does, 403 in problem+json', () => {
  test.each([
    ['an unknown path', 'GET', '/v1/nothing'],
    ['another method', 'DELETE', '/v1/things'],
    ['another stage', 'GET', '/v2/things/1'],
    ['no stage', 'GET', '/things/1'],
  ])('%s', async (_name, method, path) => {
    const answer = await api.call(method, path);

    expect(answer).toMatchObject({ status: 403, headers: { 'content-type': 'application/problem+json' } });
    expect(jsonOf(answer)).toEqual({ title: 'Missing Authentication Token', instance: path });
  });
});

test('an unsupported expectation is answered 417, as a problem that names it', async () => {
  const answer = await api.call('GET', '/v1/things/1', { expect: '200-ok' });

  expect(answer).toMatchObject({ status: 417, headers: { 'content-type': 'application/problem+json' } });
  expect(jsonOf(answer)).toMatchObject({ status: 417, code: 'expectation_failed', retryable: false });
  expect(String(Reflect.get(Object(jsonOf(answer)), 'detail'))).toContain('"200-ok"');
});

describe('headers', () => {
  /** With what the client adds by itself, so many bytes in all. */
  async function callWithHeaders(bytes: number) {
    const own = jsonOf(await api.call('GET', '/v1/things/1')) as {
      multiValueHeaders: Record<string, string[]>;
    };
    // The gateway's own, which it adds.
    const { 'X-Forwarded-Proto': _added, ...ofClient } = own.multiValueHeaders;
    const sent = Object.entries(ofClient).flatMap(([name, values]) =>
      values.map((value) => `${name}: ${value}\r\n`.length),
    );
    const rest = bytes - sent.reduce((sum, length) => sum + length, 0) - 'x: \r\n'.length;
    return api.call('GET', '/v1/things/1', { x: 'y'.repeat(rest) });
  }

  test('of 10,240 bytes with names and line ends are accepted', async () => {
    expect(await callWithHeaders(10_240)).toMatchObject({ status: 200 });
  });

  test('of one byte more are refused with 431, as a problem that says how many', async () => {
    const answer = await callWithHeaders(10_241);

    expect(answer).toMatchObject({ status: 431, headers: { 'content-type': 'application/problem+json' } });
    expect(jsonOf(answer)).toMatchObject({
      code: 'unreadable_request',
      detail: expect.stringContaining('10241 bytes'),
    });
  });
});

test('the protocol is named by the gateway, whatever the client says', async () => {
  const answer = await api.call('GET', '/v1/things/1', { 'x-forwarded-proto': 'https' });

  expect(jsonOf(answer)).toMatchObject({ multiValueHeaders: { 'X-Forwarded-Proto': ['http'] } });
  expect(jsonOf(answer)).not.toHaveProperty('multiValueHeaders.x-forwarded-proto');
});

test('a URL of more than 10,240 characters is refused with 414', async () => {
  const answer = await api.call('GET', `/v1/things/1?q=${'x'.repeat(10_240)}`);

  expect(answer).toMatchObject({ status: 414, headers: { 'content-type': 'application/problem+json' } });
});

describe('a header that the method requires', () => {
  test.each([
    ['is missing', {}],
    ['is blank', { 'x-name': '' }],
  ])('refuses the request where it %s', async (_name, headers) => {
    const answer = await api.call('POST', '/v1/named', headers, '{}');
    expect(answer.status).toBe(400);
    expect(jsonOf(answer)).toMatchObject({ title: 'Missing required request parameters' });
  });

  test('lets the request pass where it is there', async () => {
    expect(await api.call('POST', '/v1/named', { 'X-Name': 'n' }, '{}')).toMatchObject({ status: 200 });
  });
});

describe('a body', () => {
  test('of more than 10 MB is refused with 413', async () => {
    const answer = await api.call('POST', '/v1/things', {}, Buffer.alloc(10 * MEGABYTE + 1, 'x'));

    expect(answer).toMatchObject({ status: 413, headers: { 'content-type': 'application/problem+json' } });
    expect(jsonOf(answer)).toMatchObject({ title: 'Request Too Long' });
  });

  test('of 5 MB is accepted', async () => {
    const padding = 'x'.repeat(5 * MEGABYTE);

    expect((await asTold({ result: { statusCode: 204 }, padding })).status).toBe(204);
  });

  test('of text is given as it is', async () => {
    expect(jsonOf(await api.call('POST', '/v1/things', {}, 'é {'))).toMatchObject({
      body: 'é {',
      isBase64Encoded: false,
    });
  });

  test('that is not UTF-8 is given in base64', async () => {
    expect(jsonOf(await api.call('POST', '/v1/things', {}, Buffer.from([0xff, 0x00])))).toMatchObject({
      body: '/wA=',
      isBase64Encoded: true,
    });
  });

  test('that is missing is null', async () => {
    expect(jsonOf(await api.call('POST', '/v1/things'))).toMatchObject({ body: null });
  });
});

describe('the function is given', () => {
  test('the path without the stage, the route and its decoded parameters', async () => {
    expect(jsonOf(await api.call('GET', '/v1/things/a%20b'))).toMatchObject({
      path: '/things/a%20b',
      resource: '/things/{id}',
      httpMethod: 'GET',
      pathParameters: { id: 'a b' },
    });
  });

  test('null for path parameters of a path without', async () => {
    expect(jsonOf(await api.call('POST', '/v1/things'))).toMatchObject({ pathParameters: null });
  });

  test('the last value of each query parameter, and all of them beside', async () => {
    expect(jsonOf(await api.call('GET', '/v1/things/1?a=1&a=2&b=%20'))).toMatchObject({
      queryStringParameters: { a: '2', b: ' ' },
      multiValueQueryStringParameters: { a: ['1', '2'], b: [' '] },
    });
  });

  test('null for the query of a path without', async () => {
    expect(jsonOf(await api.call('GET', '/v1/things/1'))).toMatchObject({ queryStringParameters: null });
  });

  test('the names of headers as the client wrote them', async () => {
    expect(jsonOf(await api.call('GET', '/v1/things/1', { 'X-Some-Thing': 'a' }))).toMatchObject({
      headers: { 'X-Some-Thing': 'a' },
      multiValueHeaders: { 'X-Some-Thing': ['a'] },
    });
  });

  test('the last value of a header that is sent twice, and all of them beside', async () => {
    expect(jsonOf(await api.call('GET', '/v1/things/1', { 'X-Some': ['a', 'b'] }))).toMatchObject({
      headers: { 'X-Some': 'b' },
      multiValueHeaders: { 'X-Some': ['a', 'b'] },
    });
  });

  test.each(['constructor', 'toString'])('a header named %s like any other', async (name) => {
    expect(jsonOf(await api.call('GET', '/v1/things/1', { [name]: 'a' }))).toMatchObject({
      multiValueHeaders: { [name]: ['a'] },
    });
  });

  test('the request id that the client is given', async () => {
    const answer = await api.call('GET', '/v1/things/1');

    expect(jsonOf(answer)).toMatchObject({
      requestContext: { requestId: answer.headers['x-amzn-requestid'], stage: 'v1', path: '/v1/things/1' },
    });
  });
});

describe('the client is given', () => {
  test('status, headers and body of the function', async () => {
    const answer = await asTold({
      result: {
        statusCode: 202,
        headers: { Location: '/v1/things/1', 'Content-Type': 'text/plain' },
        body: 'hello',
      },
    });

    expect(answer).toMatchObject({
      status: 202,
      headers: { location: '/v1/things/1', 'content-type': 'text/plain' },
      text: 'hello',
    });
  });

  test('the bytes of a body in base64', async () => {
    const result = { statusCode: 200, body: 'aGVsbG8=', isBase64Encoded: true };

    expect((await asTold({ result })).text).toBe('hello');
  });

  test('every value of a header of many', async () => {
    const result = { statusCode: 200, multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'] } };

    expect((await asTold({ result })).headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });

  test('502, and nothing of the reason, when the function throws', async () => {
    const answer = await asTold({ throw: true });

    expect(answer.status).toBe(502);
    expect(answer.text).not.toContain('secret');
  });

  test.each([
    ['null', null],
    ['a text', 'hello'],
    ['an object without status', { body: 'hello' }],
    ['a status that is a text', { statusCode: 'fine' }],
    ['a body that is an object', { statusCode: 200, body: {} }],
  ])('502 when the function answers %s', async (_name, result) => {
    expect((await asTold({ result })).status).toBe(502);
  });

  test('504 when the function does not answer in the integration’s time', async () => {
    expect(await asTold({ hang: true })).toMatchObject({
      status: 504,
      text: '{"message":"Endpoint request timed out"}',
    });
  });
});

test('requests beyond the burst are throttled until the rate has made room', async () => {
  const throttled = await TinyApi.start(
    { tiny: ECHO },
    { routes: [route('GET', '/things/{id}')], throttle: { rateLimit: 1, burstLimit: 2 } },
  );
  const statuses: (number | undefined)[] = [];
  for (let count = 0; count < 3; count += 1)
    statuses.push((await throttled.call('GET', '/v1/things/1')).status);
  throttled.clock.advance(1000);
  statuses.push((await throttled.call('GET', '/v1/things/1')).status);
  await throttled.close();

  expect(statuses).toEqual([200, 200, 429, 200]);
});

test('a method with a throttle of its own takes nothing of the others’, nor they of its', async () => {
  const throttled = await TinyApi.start(
    { tiny: ECHO },
    {
      routes: [route('GET', '/things/{id}'), route('POST', '/events/{of}')],
      throttle: { rateLimit: 1, burstLimit: 1 },
      methodThrottles: new Map([['POST /events/{of}', { rateLimit: 1, burstLimit: 2 }]]),
    },
  );
  const statuses: (number | undefined)[] = [];
  for (const [method, path] of [
    ['GET', '/v1/things/1'],
    ['GET', '/v1/things/1'],
    ['POST', '/v1/events/a'],
    ['POST', '/v1/events/b'],
    ['POST', '/v1/events/a'],
  ] as const)
    statuses.push((await throttled.call(method, path)).status);
  await throttled.close();

  expect(statuses).toEqual([200, 429, 200, 200, 429]);
});
