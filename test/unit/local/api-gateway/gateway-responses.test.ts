import { describe, expect, test } from 'vitest';
import { gatewayResponse } from '../../../../local/api-gateway/gateway-responses.ts';
import type { GatewayResponseResource } from '../../../../local/template/resources.ts';

const context = { requestId: 'request-1', path: '/v1/things' };

/** The gateway's answer where the template has these responses. */
function answer(
  type: Parameters<typeof gatewayResponse>[0],
  ...resources: readonly GatewayResponseResource[]
) {
  return gatewayResponse(type, new Map(resources.map((one) => [one.type, one])), context);
}

const problem = (type: string, status?: number): GatewayResponseResource => ({
  type,
  status,
  headers: { 'gatewayresponse.header.Content-Type': "'application/problem+json'" },
  template: '{"status":$context.status,"detail":$context.error.messageString,"of":"$context.requestId"}',
});

describe('without a response in the template', () => {
  test.each([
    ['UNAUTHORIZED', 401, 'Unauthorized'],
    ['ACCESS_DENIED', 403, 'User is not authorized to access this resource'],
    ['MISSING_AUTHENTICATION_TOKEN', 403, 'Missing Authentication Token'],
    ['REQUEST_TOO_LARGE', 413, 'Request Too Long'],
    ['THROTTLED', 429, 'Too Many Requests'],
    ['AUTHORIZER_FAILURE', 500, 'Internal server error'],
    ['INTEGRATION_TIMEOUT', 504, 'Endpoint request timed out'],
    ['DEFAULT_5XX', 502, 'Internal server error'],
  ] as const)('%s is %i with the gateway’s own message', (type, status, message) => {
    const { body, ...given } = answer(type);

    expect(given).toMatchObject({ status, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(body)).toEqual({ message });
  });
});

describe('with a response in the template', () => {
  test('its headers, status and body are given', () => {
    const { status, headers, body } = answer(
      'MISSING_AUTHENTICATION_TOKEN',
      problem('MISSING_AUTHENTICATION_TOKEN', 404),
    );

    expect({ status, type: headers['content-type'] }).toEqual({
      status: 404,
      type: 'application/problem+json',
    });
    expect(JSON.parse(body)).toEqual({
      status: 404,
      detail: 'Missing Authentication Token',
      of: 'request-1',
    });
  });

  test('its status is the gateway’s own where it names none', () => {
    expect(answer('THROTTLED', problem('THROTTLED')).status).toBe(429);
  });

  test('a refusal of the client without one of its own has that of its class', () => {
    expect(
      JSON.parse(answer('THROTTLED', problem('DEFAULT_4XX'), problem('DEFAULT_5XX')).body),
    ).toMatchObject({
      detail: 'Too Many Requests',
    });
    expect(answer('THROTTLED', problem('DEFAULT_5XX')).headers['content-type']).toBe('application/json');
  });

  test('a failure without one of its own has that of its class', () => {
    expect(answer('INTEGRATION_TIMEOUT', problem('DEFAULT_5XX')).headers['content-type']).toBe(
      'application/problem+json',
    );
  });

  test('one of its own goes before that of its class', () => {
    expect(answer('THROTTLED', problem('THROTTLED', 499), problem('DEFAULT_4XX', 400)).status).toBe(499);
  });

  test('a header may be a variable', () => {
    const named = {
      ...problem('THROTTLED'),
      headers: { 'gatewayresponse.header.Request': 'context.requestId' },
    };

    expect(answer('THROTTLED', named).headers.request).toBe('request-1');
  });

  test('what the client chose can’t break out of its text', () => {
    const path = '/v1/"},{"evil":"\\';
    const template = '{"instance":"$context.path"}';
    const { body } = gatewayResponse(
      'THROTTLED',
      new Map([['THROTTLED', { ...problem('THROTTLED'), template }]]),
      { requestId: 'request-1', path },
    );

    expect(JSON.parse(body)).toEqual({ instance: path });
  });
});
