import type { APIGatewayProxyEvent } from 'aws-lambda';
import contract from '../../docs/openapi.json' with { type: 'json' };
import { type HttpAnswer, httpFunction } from '../middleware/http.ts';

const CONTRACT = JSON.stringify(contract);

/** Health says that the API serves; it asks nobody, so that a probe never wakes a sleeping database. */
async function describe(event: APIGatewayProxyEvent): Promise<HttpAnswer> {
  return { status: 200, body: event.resource === '/openapi.json' ? CONTRACT : '{"status":"ok"}' };
}

export const handler = httpFunction(describe);
