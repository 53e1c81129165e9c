import { type OutgoingHttpHeaders, request } from 'node:http';
import { startApiGateway } from '../../local/api-gateway/start-api-gateway.ts';
import { VirtualClock } from '../../local/clock.ts';
import type { RunningService } from '../../local/service-request.ts';
import type { ApiResource, RouteResource } from '../../local/template/resources.ts';
import { TinyFunction } from './tiny-function.ts';

export interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Parsed; what isn't JSON is a test's failure. */
export function jsonOf(answer: Answer): unknown {
  return JSON.parse(answer.text);
}

export function route(method: string, path: string, more: Partial<RouteResource> = {}): RouteResource {
  return {
    method,
    path,
    functionName: 'tiny',
    functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:tiny',
    timeoutMilliseconds: 4000,
    authorizerId: undefined,
    requiredHeaders: [],
    ...more,
  };
}

/** The local API gateway before functions of a few lines; its time stands still unless a test moves it. */
export class TinyApi {
  readonly clock: VirtualClock;
  private readonly functions: readonly TinyFunction[];
  private readonly service: RunningService;

  private constructor(clock: VirtualClock, functions: readonly TinyFunction[], service: RunningService) {
    this.clock = clock;
    this.functions = functions;
    this.service = service;
  }

  /** @param sources by function name */
  static async start(sources: Readonly<Record<string, string>>, api: Partial<ApiResource>): Promise<TinyApi> {
    const functions = new Map(
      Object.entries(sources).map(([name, source]) => [name, new TinyFunction(source)] as const),
    );
    const clock = new VirtualClock(1_700_000_000_000);
    const service = await startApiGateway({
      port: 0,
      accountId: '000000000000',
      clock,
      hostOf: (name) => {
        const host = functions.get(name)?.host;
        if (host === undefined) throw new Error(`there is no function ${name}`);
        return host;
      },
      observer: () => {},
      api: {
        stackName: 'Stack',
        id: 'api',
        name: 'api',
        isTraced: false,
        stage: 'v1',
        throttle: undefined,
        methodThrottles: new Map(),
        routes: [],
        authorizers: new Map(),
        responses: new Map(),
        ...api,
      },
    });
    return new TinyApi(clock, [...functions.values()], service);
  }

  /** Not `fetch`, which has a will of its own in paths and headers. */
  call(
    method: string,
    path: string,
    headers: Readonly<Record<string, string | readonly string[]>> = {},
    body: string | Buffer = '',
  ): Promise<Answer> {
    const { hostname, port } = new URL(this.service.url);
    return new Promise((resolve, reject) => {
      const sent = request({ hostname, port, method, path, headers: sentAs(headers), agent: false });
      sent.once('error', reject);
      sent.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () =>
          resolve({
            status: response.statusCode,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      });
      sent.end(body);
    });
  }

  async close(): Promise<void> {
    await this.service.close();
    for (const one of this.functions) await one.close();
  }
}

function sentAs(headers: Readonly<Record<string, string | readonly string[]>>): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}
