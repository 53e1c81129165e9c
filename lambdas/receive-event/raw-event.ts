import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { RawEvent } from '../../adapters/psp/psp-event.ts';

/**
 * The request as the PSP signed it: the exact bytes, which the gateway hands over as text or as base64. A header that is sent
 * twice counts as missing: neither of two signatures is accepted.
 *
 * @param now milliseconds since the epoch
 */
export function rawEventOf(event: APIGatewayProxyEvent, now: number): RawEvent {
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  return { headers: singleHeadersOf(event), body, now };
}

function singleHeadersOf({ multiValueHeaders }: APIGatewayProxyEvent): RawEvent['headers'] {
  const values = new Map<string, string[]>();
  for (const [name, given] of Object.entries(multiValueHeaders ?? {})) {
    const key = name.toLowerCase();
    values.set(key, [...(values.get(key) ?? []), ...(given ?? [])]);
  }
  return Object.fromEntries(
    [...values].map(([name, given]) => [name, given.length === 1 ? given[0] : undefined]),
  );
}
