import type { IncomingMessage } from 'node:http';
import type { Match } from './router.ts';

export interface GatewayRequest {
  readonly message: IncomingMessage;
  readonly requestId: string;
  /** One trace for the authorizer and the function; undefined if the stage isn't traced. */
  readonly traceHeader: string | undefined;
  readonly apiId: string;
  readonly stage: string;
  readonly accountId: string;
  /** Without the stage. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly receivedAt: number;
}

type Multi = Record<string, string[]>;

/** What an authorizer decides about; the path is as the client wrote it. */
export function methodArn({ accountId, apiId, stage, message, path }: GatewayRequest): string {
  return `arn:aws:execute-api:us-east-1:${accountId}:${apiId}/${stage}/${message.method}${path}`;
}

/** The proxy integration's event, payload format 1.0. */
export function proxyEvent(request: GatewayRequest, match: Match, authorizer: object | undefined): object {
  const headers = headersOf(request.message);
  const query = queryOf(request.query);
  const text = request.body.toString('utf8');
  // The gateway passes text; a body that isn't UTF-8 would be mangled, so it goes as base64, as for a binary type.
  const isText = Buffer.from(text, 'utf8').equals(request.body);
  return {
    resource: match.route.path,
    path: request.path,
    httpMethod: request.message.method,
    headers: lastOf(headers),
    multiValueHeaders: headers,
    queryStringParameters: Object.keys(query).length === 0 ? null : lastOf(query),
    multiValueQueryStringParameters: Object.keys(query).length === 0 ? null : query,
    pathParameters: Object.keys(match.pathParameters).length === 0 ? null : match.pathParameters,
    stageVariables: null,
    requestContext: requestContext(request, match, authorizer),
    body: request.body.length === 0 ? null : isText ? text : request.body.toString('base64'),
    isBase64Encoded: !isText,
  };
}

export function requestContext(
  request: GatewayRequest,
  match: Match,
  authorizer: object | undefined,
): object {
  return {
    accountId: request.accountId,
    apiId: request.apiId,
    stage: request.stage,
    path: `/${request.stage}${request.path}`,
    resourcePath: match.route.path,
    httpMethod: request.message.method,
    protocol: 'HTTP/1.1',
    requestId: request.requestId,
    extendedRequestId: request.requestId,
    requestTimeEpoch: request.receivedAt,
    identity: {
      sourceIp: request.message.socket.remoteAddress ?? '127.0.0.1',
      userAgent: request.message.headers['user-agent'] ?? null,
    },
    ...(authorizer === undefined ? {} : { authorizer }),
  };
}

/** Set by the gateway, which drops the client's value. The local gateway has no TLS. */
const FORWARDED_PROTOCOL = 'X-Forwarded-Proto';

/** With the names as the client wrote them, and every value. */
export function headersOf(message: IncomingMessage): Multi {
  // A map, in which a name such as `constructor` has no special meaning.
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index] ?? '';
    if (name.toLowerCase() === FORWARDED_PROTOCOL.toLowerCase()) continue;
    headers.set(name, [...(headers.get(name) ?? []), message.rawHeaders[index + 1] ?? '']);
  }
  headers.set(FORWARDED_PROTOCOL, ['http']);
  return Object.fromEntries(headers);
}

export function queryOf(query: URLSearchParams): Multi {
  return Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name)]));
}

export function lastOf(multi: Multi): Record<string, string> {
  return Object.fromEntries(Object.entries(multi).map(([name, values]) => [name, values.at(-1) ?? '']));
}
