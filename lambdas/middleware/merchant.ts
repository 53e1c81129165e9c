import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod/mini';

const authorizerContext = z.object({ merchant_id: z.string().check(z.minLength(1)) });

/**
 * The merchant that the authorizer resolved; every read and write is scoped by it.
 *
 * @throws ZodError when a route was deployed without the authorizer: a bug that must not serve anybody
 */
export function merchantOf(event: APIGatewayProxyEvent): string {
  return authorizerContext.parse(event.requestContext.authorizer).merchant_id;
}
