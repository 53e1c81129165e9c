import { describe, expect, test } from 'vitest';
import { rawEventOf } from '../../../lambdas/receive-event/raw-event.ts';
import { gatewayEvent } from '../../support/gateway-event.ts';

const NOW = 1_800_000_000_000;

describe('an event as it was signed', () => {
  test('has the bytes of a text body', () => {
    const { body } = rawEventOf(gatewayEvent({ body: '{"name":"한글"}' }), NOW);
    expect(Buffer.from(body).toString('utf8')).toBe('{"name":"한글"}');
  });

  test('has the bytes of a body in base64, also if they are no text', () => {
    const bytes = Buffer.from([0, 255, 254, 10]);
    const event = gatewayEvent({ body: bytes.toString('base64'), isBase64Encoded: true });
    expect(Buffer.from(rawEventOf(event, NOW).body)).toEqual(bytes);
  });

  test('has no bytes without a body', () => {
    expect(rawEventOf(gatewayEvent({ body: null }), NOW).body).toHaveLength(0);
  });

  test('has its headers by lower-case name, and the time of its arrival', () => {
    const multiValueHeaders = { 'Simulator-Signature': ['t=1,v1=0'], 'X-Other': ['a'] };
    expect(rawEventOf(gatewayEvent({ multiValueHeaders }), NOW)).toMatchObject({
      headers: { 'simulator-signature': 't=1,v1=0', 'x-other': 'a' },
      now: NOW,
    });
  });

  test.each([
    ['under one name', { 'simulator-signature': ['t=1,v1=0', 't=2,v1=1'] }],
    ['in two spellings', { 'simulator-signature': ['t=1,v1=0'], 'Simulator-Signature': ['t=2,v1=1'] }],
  ])('has no header that is sent twice, %s', (_name, multiValueHeaders) => {
    const { headers } = rawEventOf(gatewayEvent({ multiValueHeaders }), NOW);
    expect(headers['simulator-signature']).toBeUndefined();
  });
});
