import { PROBLEMS, type ProblemCode } from '../middleware/problem.ts';

export type Json = { readonly [key: string]: unknown };

/** The answers of the gateway and the authorizer on any route with a key, in addition to the functions' problems. */
const GATEWAY_ANSWERS: Readonly<Record<string, { readonly name: string; readonly text: string }>> = {
  401: {
    name: 'Unauthorized',
    text: '`unauthorized`: the API key is missing, wrong or sent more than once.',
  },
  403: { name: 'Forbidden', text: '`forbidden`: the API key may not do this.' },
  429: { name: 'TooManyRequests', text: '`too_many_requests`: wait as long as Retry-After says.' },
  500: {
    name: 'InternalError',
    text: '`internal_error`: something is wrong on our side; send the same request again.',
  },
  502: {
    name: 'BadGateway',
    text: '`internal_error`: no readable answer of a function; send the same request again.',
  },
  503: {
    name: 'Unavailable',
    text: '`database_resuming` or `database_unreachable`: wait as long as Retry-After says.',
  },
  504: {
    name: 'Timeout',
    text: '`timeout`: no answer in time; send the same request again with the same Idempotency-Key.',
  },
};

export function pathParameter(name: string, schema: Json): Json {
  return { name, in: 'path', required: true, schema: { type: 'string', ...schema } };
}

export function ok(description: string, schema: string): Json {
  return {
    200: {
      description,
      headers: requestIdHeader(),
      content: { 'application/json': { schema: ref(schema) } },
    },
  };
}

export function requestIdHeader(): Json {
  return {
    'X-Request-Id': { description: 'Give it when you report a problem.', schema: { type: 'string' } },
  };
}

/** One response per status; its description lists the codes that come with it. */
export function problems(...codes: readonly ProblemCode[]): Json {
  const byStatus = Map.groupBy(codes, (code) => String(PROBLEMS[code].status));
  const responses = [...byStatus].map(([status, group]) => [
    status,
    problemResponse(group.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' ')),
  ]);
  return Object.fromEntries(responses);
}

export function authorizationProblems(): Json {
  return gatewayAnswers(Object.keys(GATEWAY_ANSWERS));
}

/** Those of the gateway on a route without a key. */
export function answersWithoutKey(): Json {
  return gatewayAnswers(Object.keys(GATEWAY_ANSWERS).filter((status) => !['401', '403'].includes(status)));
}

function gatewayAnswers(statuses: readonly string[]): Json {
  const answers = Object.entries(GATEWAY_ANSWERS).filter(([status]) => statuses.includes(status));
  return Object.fromEntries(
    answers.map(([status, { name }]) => [status, { $ref: `#/components/responses/${name}` }]),
  );
}

export function gatewayResponses(): Json {
  return Object.fromEntries(
    Object.entries(GATEWAY_ANSWERS).map(([status, { name, text }]) => [
      name,
      status === '401' ? { ...problemResponse(text), headers: CHALLENGE } : problemResponse(text),
    ]),
  );
}

const CHALLENGE = {
  'WWW-Authenticate': { description: 'The scheme, `Bearer` (RFC 9110).', schema: { type: 'string' } },
};

function problemResponse(description: string): Json {
  return { description, content: { 'application/problem+json': { schema: ref('Problem') } } };
}

export function ref(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

export function page(description: string): Json {
  return {
    description,
    headers: requestIdHeader(),
    content: { 'text/html': { schema: { type: 'string' } } },
  };
}
