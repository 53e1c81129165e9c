import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod';
import type { Answer } from '../alarms/service-metrics.ts';
import type { Clock } from '../clock.ts';
import { readBytes } from '../http-body.ts';
import { listen } from '../http-server.ts';
import type { FunctionHost } from '../lambda/function-host.ts';
import { newTraceHeader } from '../lambda/trace.ts';
import type { RequestObserver, RunningService } from '../service-request.ts';
import type { ApiResource, Throttle } from '../template/resources.ts';
import { Authorizer, type MayInvoke } from './authorizer.ts';
import { type GatewayResponseType, gatewayResponse } from './gateway-responses.ts';
import { type GatewayRequest, methodArn, proxyEvent } from './proxy-event.ts';
import { type Match, Router } from './router.ts';
import { TokenBucket } from './token-bucket.ts';
import { answerUnreadableRequests, HEAD_LIMIT_BYTES, refuseOversized } from './unreadable-request.ts';

export interface ApiGatewayOptions {
  readonly port: number;
  readonly api: ApiResource;
  readonly accountId: string;
  readonly clock: Clock;
  readonly hostOf: (functionName: string) => FunctionHost;
  readonly observer: RequestObserver;
  /** Called for every answered request. */
  readonly onAnswer?: (answer: Answer) => void;
  /** Whether the function's policy lets the gateway invoke it for this route or authorizer; undefined: for any. */
  readonly mayInvoke?: MayInvoke;
}

/** "Payload size: 10 MB, can't be increased." */
const PAYLOAD_LIMIT_BYTES = 10 * 1024 * 1024;

/** "ARN length of a method with authorization." */
const METHOD_ARN_LIMIT_BYTES = 1_600;

/** The REST API of the templates. */
export async function startApiGateway(options: ApiGatewayOptions): Promise<RunningService> {
  const gateway = new Gateway(options);
  const server = createServer(
    { maxHeaderSize: HEAD_LIMIT_BYTES },
    (message, response) => void gateway.serve(message, response),
  );
  answerUnreadableRequests(server);
  return listen(server, options.port);
}

const lambdaAnswer = z.object({
  statusCode: z.int(),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(z.union([z.string(), z.number(), z.boolean()]))).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

class Gateway {
  private readonly options: ApiGatewayOptions;
  private readonly router: Router;
  private readonly authorizers: ReadonlyMap<string, Authorizer>;
  private readonly throttle: TokenBucket | undefined;
  private readonly methodThrottles: ReadonlyMap<string, TokenBucket | undefined>;

  constructor(options: ApiGatewayOptions) {
    const { api, clock } = options;
    this.options = options;
    this.router = new Router(api.routes);
    this.authorizers = new Map(
      [...api.authorizers].map(([id, resource]) => [
        id,
        new Authorizer(resource, options.hostOf(resource.functionName), clock, options.mayInvoke),
      ]),
    );
    const bucketOf = (throttle: Throttle | undefined) =>
      throttle === undefined
        ? undefined
        : new TokenBucket(throttle.rateLimit, throttle.burstLimit, clock.now());
    this.throttle = bucketOf(api.throttle);
    this.methodThrottles = new Map(
      [...api.methodThrottles].map(([method, throttle]) => [method, bucketOf(throttle)]),
    );
  }

  /** A method's own throttle takes the place of the one for all. */
  private throttleOf({ method, path }: Match['route']): TokenBucket | undefined {
    const name = `${method} ${path}`;
    return this.methodThrottles.has(name) ? this.methodThrottles.get(name) : this.throttle;
  }

  async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const startedAt = this.options.clock.now();
    const url = pathAndQuery(message.url ?? '/');
    const refuse = (type: GatewayResponseType) => {
      const answer = gatewayResponse(type, this.options.api.responses, { requestId, path: url.path });
      response.writeHead(answer.status, { ...answer.headers });
      response.end(answer.body);
    };
    try {
      const outcome = refuseOversized(message, response)
        ? undefined
        : await this.handle(message, requestId, url, response);
      if (outcome !== undefined) refuse(outcome);
    } catch {
      if (!response.headersSent) refuse('DEFAULT_5XX');
      response.end();
    }
    this.options.onAnswer?.({
      apiName: this.options.api.name,
      status: response.statusCode,
      milliseconds: this.options.clock.now() - startedAt,
    });
    this.options.observer({ service: 'api-gateway', action: `${message.method}`, caller: 'client' });
  }

  /** @returns the gateway's own response, if the function's was not sent */
  private async handle(
    message: IncomingMessage,
    requestId: string,
    url: { readonly path: string; readonly query: URLSearchParams },
    response: ServerResponse,
  ): Promise<GatewayResponseType | undefined> {
    const body = await readBytes(message, PAYLOAD_LIMIT_BYTES);
    const { api, accountId, clock } = this.options;
    const prefix = `/${api.stage}`;
    const path = url.path.startsWith(`${prefix}/`) ? url.path.slice(prefix.length) : undefined;
    const match = path === undefined ? undefined : this.router.match(message.method ?? '', path);
    if (path === undefined || match === undefined) return 'MISSING_AUTHENTICATION_TOKEN';
    if (body === undefined) return 'REQUEST_TOO_LARGE';
    if (this.throttleOf(match.route)?.take(clock.now()) === false) return 'THROTTLED';
    const request = {
      message,
      requestId,
      traceHeader: api.isTraced ? newTraceHeader(Date.now()) : undefined,
      apiId: api.id,
      stage: api.stage,
      accountId,
      path,
      query: url.query,
      body,
      receivedAt: clock.now(),
    };
    const authorizer = this.authorizers.get(match.route.authorizerId ?? '');
    if (authorizer !== undefined && Buffer.byteLength(methodArn(request)) > METHOD_ARN_LIMIT_BYTES)
      return 'REQUEST_URI_TOO_LONG';
    const authorization = await authorizer?.authorize(request, match);
    if (authorization?.kind === 'refused') return authorization.response;
    const isMissing = (name: string) => (message.headers[name] ?? '').length === 0;
    if (match.route.requiredHeaders.some(isMissing)) return 'BAD_REQUEST_PARAMETERS';
    return this.integrate(request, match, authorization?.context, response);
  }

  private async integrate(
    request: GatewayRequest,
    match: Match,
    authorizer: object | undefined,
    response: ServerResponse,
  ): Promise<GatewayResponseType | undefined> {
    const { functionArn, functionName, method, path } = match.route;
    const source = `${request.apiId}/${request.stage}/${method}${path}`;
    if (this.options.mayInvoke?.(functionArn, source) === false) return 'API_CONFIGURATION_ERROR';
    const host = this.options.hostOf(functionName);
    const event = proxyEvent(request, match, authorizer);
    const answering = host.invoke(event, 'api-gateway', request);
    const result = await within(answering, match.route.timeoutMilliseconds).catch(() => undefined);
    if (result === 'timeout') return 'INTEGRATION_TIMEOUT';
    const answer = lambdaAnswer.safeParse(result);
    // If a function fails or doesn't answer in the proxy format, the status is 502.
    if (!answer.success) return 'DEFAULT_5XX';
    const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = answer.data;
    const bytes = Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
    response.writeHead(statusCode, {
      'content-type': 'application/json',
      ...lowerCased(headers ?? {}),
      ...lowerCased(multiValueHeaders ?? {}),
      'x-amzn-requestid': request.requestId,
      // RFC 9110: a 204 has none.
      ...(statusCode === 204 ? {} : { 'content-length': bytes.length }),
    });
    response.end(bytes);
    return undefined;
  }
}

function pathAndQuery(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const [path = '/', query = ''] = url.split('?', 2);
  return { path, query: new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : query) };
}

async function within<T>(work: Promise<T>, milliseconds: number): Promise<T | 'timeout'> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), milliseconds);
  });
  return Promise.race([work, expired]).finally(() => clearTimeout(timer));
}

function lowerCased<Value>(headers: Readonly<Record<string, Value>>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.map(String) : String(value),
    ]),
  );
}
