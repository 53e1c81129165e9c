import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChargeRequest, Psp } from '../../../adapters/psp/psp.ts';
import { createPspSimulator } from '../../../adapters/psp/simulator/psp-simulator.ts';
import { noDeadline } from '../../support/psp-under-test.ts';
import { httpAnswer, type RawServer, startRawServer } from '../../support/raw-server.ts';

const CHARGE: ChargeRequest = {
  operation: 'charge',
  requestVersion: 1,
  reference: 'ord_0123456789abcdef0123456789abcdef',
  idempotencyKey: 'ins_0123456789abcdef0123456789abcdef',
  amountMinor: 2n ** 53n - 1n,
  currency: 'KRW',
  paymentMethod: 'sim_ok',
};

const CHARGE_BODY =
  '{"reference":"ord_0123456789abcdef0123456789abcdef","amount":9007199254740991,"currency":"KRW","payment_method":"sim_ok"}';
const WITH_RETURN_URL =
  '{"reference":"ord_0123456789abcdef0123456789abcdef","amount":9007199254740991,"currency":"KRW","payment_method":"sim_ok","return_url":"https://shop.example/back?a=1"}';

/**
 * A PSP compares the bytes of two attempts, and refuses a key with other ones. So these may never change, in any release: a
 * change is a new version.
 */
const VERSION_1: readonly (readonly [what: string, request: ChargeRequest, bytes: readonly string[]])[] = [
  [
    'a charge',
    CHARGE,
    [
      'POST /v1/charges HTTP/1.1',
      'content-type: application/json',
      'idempotency-key: ins_0123456789abcdef0123456789abcdef',
      'authorization: Bearer <key>',
      `content-length: ${CHARGE_BODY.length}`,
      'Host: <host>',
      'Connection: keep-alive',
      '',
      CHARGE_BODY,
    ],
  ],
  [
    'a charge with a return URL',
    { ...CHARGE, returnUrl: 'https://shop.example/back?a=1' },
    [
      'POST /v1/charges HTTP/1.1',
      'content-type: application/json',
      'idempotency-key: ins_0123456789abcdef0123456789abcdef',
      'authorization: Bearer <key>',
      `content-length: ${WITH_RETURN_URL.length}`,
      'Host: <host>',
      'Connection: keep-alive',
      '',
      WITH_RETURN_URL,
    ],
  ],
  [
    'the confirmation of a charge',
    { ...CHARGE, pspReference: 'ch_1/../2' },
    [
      'POST /v1/charges/ch_1%2F..%2F2/confirm HTTP/1.1',
      'authorization: Bearer <key>',
      'Host: <host>',
      'Connection: keep-alive',
      'Content-Length: 0',
      '',
      '',
    ],
  ],
];

describe('the bytes of a request of version 1', () => {
  let server: RawServer;
  let received: string[];
  let psp: Psp;
  beforeEach(async () => {
    received = [];
    server = await startRawServer((socket, bytes) => {
      received.push(bytes.toString('latin1'));
      socket.end(httpAnswer(500, '{}'));
    });
    psp = createPspSimulator({ url: server.url, apiKey: 'the key' });
  });
  afterEach(() => server.close());

  const shown = (bytes: string) =>
    bytes.replace('Bearer the key', 'Bearer <key>').replace(new URL(server.url).host, '<host>').split('\r\n');

  test.each(VERSION_1)('of %s are these, in every attempt', async (_what, request, bytes) => {
    for (let attempt = 0; attempt < 3; attempt += 1) await psp.execute(request, noDeadline());
    expect(received.map(shown)).toEqual([bytes, bytes, bytes]);
  });

  test('are the same from another process with another key', async () => {
    await psp.execute(CHARGE, noDeadline());
    const other = createPspSimulator({ url: server.url, apiKey: 'rotated' });
    await other.execute(CHARGE, noDeadline());
    const [first, second] = received;
    expect(second?.replace('Bearer rotated', 'Bearer the key')).toBe(first);
  });
});
