import type { APIGatewayProxyEvent } from 'aws-lambda';
import contract from '../../docs/openapi.json' with { type: 'json' };
import { type HttpAnswer, httpFunction } from '../middleware/http.ts';
import { Problem } from '../middleware/problem.ts';

const CONTRACT = JSON.stringify(contract);
const PATHS: ReadonlyMap<string, object> = new Map(Object.entries(contract.paths));

/** Health answers that the API serves, without any request, so that a probe never resumes a paused database. */
async function describe(event: APIGatewayProxyEvent): Promise<HttpAnswer> {
  const allowed = methodsOf(event.resource);
  if (event.httpMethod === 'OPTIONS') return { status: 204, headers: { Allow: allowed }, body: '' };
  if (!allowed.split(', ').includes(event.httpMethod)) throw notAllowed(event, allowed);
  return { status: 200, body: event.resource === '/openapi.json' ? CONTRACT : '{"status":"ok"}' };
}

/** The methods for `Allow` (RFC 9110): those of the contract, HEAD for each GET, and OPTIONS. */
function methodsOf(resource: string): string {
  const methods = Object.keys(PATHS.get(resource) ?? {}).map((method) => method.toUpperCase());
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].sort().join(', ');
}

function notAllowed({ httpMethod, resource }: APIGatewayProxyEvent, allowed: string): Problem {
  return new Problem('method_not_allowed', `${resource} supports ${allowed}, not ${httpMethod}.`, [], {
    Allow: allowed,
  });
}

export const handler = httpFunction(describe);
