import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { PspRequest } from '../../simulator/psp-api.ts';
import { headerValuesOf } from './headers.ts';

/**
 * Without the parts that only the gateway knows. A header that is sent twice counts as missing: neither of two keys is
 * accepted. Of a parameter the last value counts, as at the gateway.
 */
export function plainRequestOf(event: APIGatewayProxyEvent): PspRequest {
  const header = (name: string) => {
    const [value, ...more] = headerValuesOf(event, name);
    return more.length === 0 ? value : undefined;
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(event.queryStringParameters ?? {})) query.set(name, value ?? '');
  return {
    method: event.httpMethod,
    path: event.path,
    query,
    authorization: header('authorization'),
    idempotencyKey: header('idempotency-key'),
    body: event.isBase64Encoded
      ? Buffer.from(event.body ?? '', 'base64').toString('utf8')
      : (event.body ?? ''),
  };
}

/** JSON that must not be cached. */
export function proxyResultOf(answer: {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}): APIGatewayProxyResult {
  return {
    statusCode: answer.status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...answer.headers },
    body: answer.body,
  };
}
