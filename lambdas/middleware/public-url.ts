import type { APIGatewayProxyEvent } from 'aws-lambda';
import { headerValuesOf } from './headers.ts';

/**
 * The public URL of the API's stage, without a trailing slash. Both headers can be trusted: the gateway routes by the host,
 * and replaces the caller's protocol header by its own.
 */
export function publicUrlOf(event: APIGatewayProxyEvent): string {
  const [host] = headerValuesOf(event, 'host');
  const [protocol = 'https'] = headerValuesOf(event, 'x-forwarded-proto');
  if (host === undefined) throw new Error('the gateway names no host');
  return `${protocol}://${host}/${event.requestContext.stage}`;
}
