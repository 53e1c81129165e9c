import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { bearerKeyOf } from '../../adapters/api-key.ts';
import { assert } from '../../domain/assert.ts';
import { headerOf } from './headers.ts';

const authorizerContext = z.object({
  merchant_id: z.string().check(z.minLength(1)),
  api_key_id: z.string(),
});

/**
 * The merchant that the authorizer resolved; every read and write is scoped by it. The gateway may have cached the answer of
 * an earlier request, so it is accepted only if it was given for the key of this request.
 *
 * @throws Problem 400 when the Authorization header is sent more than once: the authorizer may have checked another one
 * @throws ZodError or AssertionError when a route was deployed without the authorizer, or the gateway cached an
 *   answer by something else than the key: a bug, in which no one may be served
 */
export function merchantOf(event: APIGatewayProxyEvent): string {
  const presented = bearerKeyOf(headerOf(event, 'authorization'));
  const { merchant_id, api_key_id } = authorizerContext.parse(event.requestContext.authorizer);
  assert(presented?.apiKeyId === api_key_id, 'the authorizer’s answer is for the key of this request');
  return merchant_id;
}
