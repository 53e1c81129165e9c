import { afterEach, describe, expect, test } from 'vitest';
import type { AuthorizerResource } from '../../../../local/template/resources.ts';
import { jsonOf, route, TinyApi } from '../../../support/gateway.ts';

const ALLOW_ALL = `[{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: '*' }]`;
const ECHO = 'export const handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });';

let close = async () => {};
afterEach(() => close());

/** An authorizer that numbers its answers; its policy's statements see the event. */
const guard = (statements: string, before = '') => `
  let asked = 0;
  export const handler = async (event) => {
    asked += 1;
    ${before}
    return {
      principalId: 'someone',
      policyDocument: { Version: '2012-10-17', Statement: ${statements} },
      context: { asked, seen: JSON.stringify(event) },
    };
  };`;

/** An API whose `/things/{id}` and `/others` are behind this authorizer. */
async function guarded(source: string, more: Partial<AuthorizerResource> = {}): Promise<TinyApi> {
  const behind = { authorizerId: 'guard' };
  const api = await TinyApi.start(
    { tiny: ECHO, guard: source },
    {
      routes: [
        route('GET', '/things/{id}', behind),
        route('GET', '/others', behind),
        route('POST', '/others', behind),
      ],
      authorizers: new Map([
        [
          'guard',
          {
            id: 'guard',
            functionName: 'guard',
            functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:guard',
            identityHeaders: ['authorization'],
            cacheSeconds: 60,
            ...more,
          },
        ],
      ]),
    },
  );
  close = () => api.close();
  return api;
}

const key = (authorization: string) => ({ Authorization: authorization });

/** What the function behind learns of the authorizer. */
async function learned(api: TinyApi, path = '/v1/others', headers = key('a'), method = 'GET') {
  const event = jsonOf(await api.call(method, path, headers)) as {
    requestContext: { authorizer: { principalId: string; asked: string; seen: string } };
  };
  return event.requestContext.authorizer;
}

describe('an allowed request', () => {
  test('reaches the function with the authorizer’s principal and context', async () => {
    expect(await learned(await guarded(guard(ALLOW_ALL)))).toMatchObject({
      principalId: 'someone',
      asked: '1',
    });
  });

  test('reaches the function with numbers and truths of the context as strings', async () => {
    const source = `export const handler = async () => ({
      principalId: 'someone',
      policyDocument: { Statement: ${ALLOW_ALL} },
      context: { text: 'a', number: 1.5, truth: true },
    });`;

    expect(await learned(await guarded(source))).toEqual({
      principalId: 'someone',
      text: 'a',
      number: '1.5',
      truth: 'true',
    });
  });

  test('is shown to the authorizer with method ARN, route and parameters', async () => {
    const { seen } = await learned(await guarded(guard(ALLOW_ALL)), '/v1/things/7?a=b');

    expect(JSON.parse(seen)).toMatchObject({
      type: 'REQUEST',
      methodArn: 'arn:aws:execute-api:us-east-1:000000000000:api/v1/GET/things/7',
      resource: '/things/{id}',
      pathParameters: { id: '7' },
      queryStringParameters: { a: 'b' },
      headers: { Authorization: 'a' },
    });
  });
});

describe('a request is refused', () => {
  const statement = (Effect: string, Resource: string) =>
    `{ Action: 'execute-api:Invoke', Effect: '${Effect}', Resource: '${Resource}' }`;
  const here = 'arn:aws:execute-api:*:*:api/v1/GET/others';

  test.each([
    ['by a denial', `[${statement('Deny', '*')}]`],
    ['by a denial beside an allowance', `[${statement('Allow', '*')}, ${statement('Deny', here)}]`],
    ['by an allowance of another path', `[${statement('Allow', `${here}/more`)}]`],
    ['by an allowance of another method', `[${statement('Allow', here.replace('GET', 'POST'))}]`],
    ['by a policy without statements', '[]'],
  ])('with 403 %s', async (_name, statements) => {
    const api = await guarded(guard(statements));

    expect(await api.call('GET', '/v1/others', key('a'))).toMatchObject({
      status: 403,
      text: '{"message":"User is not authorized to access this resource"}',
    });
  });

  test('with 401 without the identity header', async () => {
    const api = await guarded(guard(ALLOW_ALL));

    expect(await api.call('GET', '/v1/others')).toMatchObject({
      status: 401,
      text: '{"message":"Unauthorized"}',
    });
  });

  test('without the identity header without asking the authorizer', async () => {
    const api = await guarded(guard(ALLOW_ALL));
    await api.call('GET', '/v1/others');

    expect(await learned(api)).toMatchObject({ asked: '1' });
  });

  test('with 401 when the authorizer throws "Unauthorized"', async () => {
    const api = await guarded(guard(ALLOW_ALL, "throw new Error('Unauthorized');"));

    expect(await api.call('GET', '/v1/others', key('a'))).toMatchObject({ status: 401 });
  });

  test.each([
    ['throws anything else', "throw new Error('database');"],
    ['answers no policy', "return { principalId: 'someone' };"],
    ['answers nothing', 'return;'],
  ])('with 500 when the authorizer %s', async (_name, before) => {
    const api = await guarded(guard(ALLOW_ALL, before));

    expect(await api.call('GET', '/v1/others', key('a'))).toMatchObject({
      status: 500,
      text: '{"message":"Internal server error"}',
    });
  });
});

describe('a method ARN', () => {
  /** With this path the ARN has so many bytes. */
  const pathOf = (bytes: number) => {
    const before = 'arn:aws:execute-api:us-east-1:000000000000:api/v1/GET/things/'.length;
    return `/v1/things/${'x'.repeat(bytes - before)}`;
  };

  test('of more than 1,600 bytes is refused with 414, without asking the authorizer', async () => {
    const api = await guarded(guard(ALLOW_ALL));
    const answer = await api.call('GET', pathOf(1_601), key('a'));

    expect(answer.status).toBe(414);
    expect(jsonOf(answer)).toEqual({ message: 'Request URI too long' });
    expect(await learned(api)).toMatchObject({ asked: '1' });
  });

  test('of 1,600 bytes is accepted', async () => {
    const api = await guarded(guard(ALLOW_ALL));

    expect(await api.call('GET', pathOf(1_600), key('a'))).toMatchObject({ status: 200 });
  });
});

describe('an allowance of one path', () => {
  test.each([
    ['literally', 'arn:aws:execute-api:us-east-1:000000000000:api/v1/GET/others', 200],
    ['with * for anything', 'arn:aws:execute-api:*:*:api/*/GET/*', 200],
    ['with ? for one character', 'arn:aws:execute-api:*:*:api/v?/GET/others', 200],
    ['with ? for none', 'arn:aws:execute-api:*:*:api/v1?/GET/others', 403],
    ['with a dot that is only a dot', 'arn:aws:execute-api:*:*:api/v1/GET/oth.rs', 403],
  ])('is read %s', async (_name, resource, status) => {
    const api = await guarded(
      guard(`[{ Action: ['execute-api:*'], Effect: 'Allow', Resource: ['${resource}'] }]`),
    );

    expect((await api.call('GET', '/v1/others', key('a'))).status).toBe(status);
  });
});

describe('an answer of the authorizer', () => {
  test('is kept for the same identity', async () => {
    const api = await guarded(guard(ALLOW_ALL));
    await learned(api);

    expect(await learned(api)).toMatchObject({ asked: '1' });
  });

  test('is kept for other routes too, whose ARN its policy must allow', async () => {
    const api = await guarded(
      guard("[{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn }]"),
    );
    await learned(api);

    expect((await api.call('POST', '/v1/others', key('a'))).status).toBe(403);
  });

  test('that denies is kept as well', async () => {
    const api = await guarded(
      guard("[{ Action: 'execute-api:Invoke', Effect: asked === 1 ? 'Deny' : 'Allow', Resource: '*' }]"),
    );
    await api.call('GET', '/v1/others', key('a'));

    expect((await api.call('GET', '/v1/others', key('a'))).status).toBe(403);
  });

  test('is not given to another identity', async () => {
    const api = await guarded(guard(ALLOW_ALL));
    await learned(api);

    expect(await learned(api, '/v1/others', key('b'))).toMatchObject({ asked: '2' });
  });

  test('to two values of the identity header is kept under the first, the function having seen both', async () => {
    const api = await guarded(guard(ALLOW_ALL));
    const both = jsonOf(await api.call('GET', '/v1/others', { Authorization: ['a', 'b'] }));
    const { seen } = (both as { requestContext: { authorizer: { seen: string } } }).requestContext.authorizer;

    expect(JSON.parse(seen)).toMatchObject({
      headers: { Authorization: 'b' },
      multiValueHeaders: { Authorization: ['a', 'b'] },
    });
    expect(await learned(api, '/v1/others', key('a'))).toMatchObject({ asked: '1' });
    expect(await learned(api, '/v1/others', key('b'))).toMatchObject({ asked: '2' });
  });

  test('is kept no longer than its time', async () => {
    const api = await guarded(guard(ALLOW_ALL));
    await learned(api);
    api.clock.advance(59_999);
    expect(await learned(api)).toMatchObject({ asked: '1' });
    api.clock.advance(1);

    expect(await learned(api)).toMatchObject({ asked: '2' });
  });

  test('is not kept where the cache time is nought', async () => {
    const api = await guarded(guard(ALLOW_ALL), { cacheSeconds: 0 });
    await learned(api);

    expect(await learned(api)).toMatchObject({ asked: '2' });
  });

  test('that failed is not kept', async () => {
    const api = await guarded(guard(ALLOW_ALL, "if (asked === 1) throw new Error('database');"));
    await api.call('GET', '/v1/others', key('a'));

    expect(await learned(api)).toMatchObject({ asked: '2' });
  });
});
