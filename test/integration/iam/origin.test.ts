/** A function whose code brings credentials of its own, or none: it is not taken for an administrator. */
import { createServer } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { listen } from '../../../local/http-server.ts';
import { ORIGIN_HEADER } from '../../../local/service-access.ts';
import type { RunningService } from '../../../local/service-request.ts';
import { TinyFunction } from '../../support/tiny-function.ts';

let tiny: TinyFunction;
let service: RunningService;
afterEach(() => Promise.all([tiny.close(), service.close()]));

/** What a service sees of the function's request. */
async function seen(source: string): Promise<Readonly<Record<string, string>>> {
  const server = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  service = await listen(server, 0);
  tiny = new TinyFunction(source, { environment: { AWS_ENDPOINT_URL_SQS: service.url } });
  return JSON.parse(String(await tiny.invoke()));
}

test('a request by Node’s client names its function’s environment', async () => {
  const headers = await seen(`
    import { request } from 'node:http';
    export const handler = () => new Promise((resolve) => {
      const headers = { authorization: 'Credential=somebody/' };
      request(process.env.AWS_ENDPOINT_URL_SQS, { headers, method: 'POST' }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      }).end();
    });`);

  expect(headers).toMatchObject({ [ORIGIN_HEADER]: 'Tiny', authorization: 'Credential=somebody/' });
});

test('a request by fetch names it too', async () => {
  const headers = await seen(`
    export const handler = async () => (await fetch(process.env.AWS_ENDPOINT_URL_SQS)).text();`);

  expect(headers).toMatchObject({ [ORIGIN_HEADER]: 'Tiny' });
});
