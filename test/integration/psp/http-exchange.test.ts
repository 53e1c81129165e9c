import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHttpExchange, type ExchangeHttp } from '../../../adapters/psp/http-exchange.ts';
import { noDeadline } from '../../support/psp-under-test.ts';
import { closedPortUrl, httpAnswer, type RawServer, startRawServer } from '../../support/raw-server.ts';

const CALL = { method: 'POST', path: '/v1/keys/bk_secret', headers: {}, body: '{}' } as const;

let server: RawServer;
let sockets: Set<Socket>;
let headers: string[];
let now: number;
let exchange: ExchangeHttp;

beforeEach(async () => {
  sockets = new Set();
  headers = [];
  now = 0;
  server = await startRawServer((socket) => {
    sockets.add(socket);
    socket.write(httpAnswer(200, 'ok', headers));
  });
  exchange = createHttpExchange(server.url, () => now);
});
afterEach(() => server.close());

const call = () => exchange(CALL, noDeadline());

describe('a connection', () => {
  test('is used again within two seconds', async () => {
    await call();
    now = 1_999;
    await call();
    expect(server.requests).toBe(2);
    expect(sockets.size).toBe(1);
  });

  test('is closed after two seconds of silence: the server may have closed it while we were frozen', async () => {
    await call();
    const [idle] = sockets;
    now = 2_000;
    const closed = once(idle as Socket, 'close');
    await call();
    await closed;
    expect(sockets.size).toBe(2);
  });

  test('is closed with all others that are as old', async () => {
    await Promise.all([call(), call(), call()]);
    expect(sockets.size).toBe(3);
    const closed = [...sockets].map((socket) => once(socket, 'close'));
    now = 5_000;
    await Promise.all([call(), call()]);
    await Promise.all(closed);
    expect(sockets.size).toBe(5);
  });
});

describe('an answer', () => {
  test('comes with the headers that identify it at the PSP, and no others', async () => {
    headers = ['Request-Id: req_1', 'Idempotent-Replayed: true', 'Set-Cookie: session=1', 'Server: x'];
    expect(await call()).toMatchObject({ trace: { 'request-id': 'req_1', 'idempotent-replayed': 'true' } });
    expect(await call()).not.toHaveProperty('trace.set-cookie');
  });

  test('comes with no more of them than an id takes', async () => {
    headers = [`X-Request-Id: ${'x'.repeat(5_000)}`];
    expect(await call()).toMatchObject({ trace: { 'x-request-id': 'x'.repeat(128) } });
  });
});

describe('a request that Node refuses', () => {
  test.each([
    ['a header', { ...CALL, headers: { authorization: 'Bearer a\nb' } }],
    ['a path', { ...CALL, path: '/v1/keys/bk secret' }],
  ])('for %s is not sent, and throws nothing', async (_what, refused) => {
    expect(await exchange(refused, noDeadline())).toMatchObject({ kind: 'not_connected' });
    expect(server.requests).toBe(0);
  });
});

test('no path is in the reason of a failure, since it may contain a secret', async () => {
  const broken = await startRawServer((socket) => socket.destroy());
  const failures = [
    await createHttpExchange(await closedPortUrl())(CALL, noDeadline()),
    await createHttpExchange(broken.url)(CALL, noDeadline()),
    await createHttpExchange('http://no-such-host.invalid')(CALL, noDeadline()),
    await exchange(CALL, AbortSignal.abort()),
    await exchange({ ...CALL, path: '/v1/keys/bk_secret ' }, noDeadline()),
  ];
  await broken.close();
  for (const failure of failures) {
    expect(failure.kind).not.toBe('answered');
    expect(JSON.stringify(failure)).not.toContain('bk_secret');
  }
});
