import type { APIGatewayProxyEvent } from 'aws-lambda';
import contract from '../../docs/openapi.json' with { type: 'json' };
import { type HttpAnswer, httpFunction } from '../middleware/http.ts';
import { Problem } from '../middleware/problem.ts';

const CONTRACT = JSON.stringify(contract);
const PATHS: ReadonlyMap<string, object> = new Map(Object.entries(contract.paths));

/** Health says that the API serves; it asks nobody, so that a probe never wakes a sleeping database. */
async function describe(event: APIGatewayProxyEvent): Promise<HttpAnswer> {
  const allowed = methodsOf(event.resource);
  if (event.httpMethod === 'OPTIONS') return { status: 204, headers: { Allow: allowed }, body: '' };
  if (!allowed.split(', ').includes(event.httpMethod)) throw notAllowed(event, allowed);
  return { status: 200, body: event.resource === '/openapi.json' ? CONTRACT : '{"status":"ok"}' };
}

/** As `Allow` lists them (RFC 9110): those of the contract, HEAD wherever there is GET, and OPTIONS. */
function methodsOf(resource: string): string {
  const methods = Object.keys(PATHS.get(resource) ?? {}).map((method) => method.toUpperCase());
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].sort().join(', ');
}

function notAllowed({ httpMethod, resource }: APIGatewayProxyEvent, allowed: string): Problem {
  return new Problem('method_not_allowed', `${resource} takes ${allowed}, not ${httpMethod}.`, [], {
    Allow: allowed,
  });
}

export const handler = httpFunction(describe);
