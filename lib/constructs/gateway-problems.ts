import { ResponseType } from 'aws-cdk-lib/aws-apigateway';

/** An error that the gateway itself answers, before or instead of a function. */
export interface GatewayProblem {
  readonly type: ResponseType;
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly retryable: boolean;
  readonly retryAfterSeconds?: number;
  /** In the gateway's notation: constants in single quotes. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What is wrong with which part of the request. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

const UNAUTHORIZED = {
  code: 'unauthorized',
  title: 'The API key is missing or wrong',
  detail:
    'Send one header Authorization: Bearer <your API key>: opk_live_… where real money moves, opk_test_… everywhere else.',
  retryable: false,
  // RFC 9110 wants it with every 401.
  headers: { 'WWW-Authenticate': '\'Bearer realm="oncepay"\'' },
};
const FORBIDDEN = {
  status: 403,
  code: 'forbidden',
  title: 'The request is not allowed',
  retryable: false,
};
const NOT_FOUND = {
  status: 404,
  code: 'not_found',
  title: 'There is nothing here',
  detail: 'No resource has this path and method; see /v1/openapi.json.',
  retryable: false,
};
/** This header is the only one of the parameters required by the gateway that can be missing. */
const MISSING_IDEMPOTENCY_KEY = {
  status: 400,
  code: 'missing_idempotency_key',
  title: 'The Idempotency-Key header is missing',
  detail: 'Send an Idempotency-Key header, a new one for every new payment.',
  retryable: false,
  errors: [{ pointer: 'Idempotency-Key', detail: 'missing' }],
};
export const TOO_MANY_REQUESTS = {
  status: 429,
  code: 'too_many_requests',
  title: 'Too many requests',
  detail: 'Wait as long as Retry-After says, then send the same request again.',
  retryable: true,
  retryAfterSeconds: 1,
};
const OURS = {
  code: 'internal_error',
  title: 'Something is wrong on our side',
  detail: 'Send the same request again; give the request id when you report this.',
  retryable: true,
};
/** The authorizer reads the database, which may be paused or unreachable; a retry helps. Aurora takes about 15 s to resume. */
const KEY_NOT_CHECKED = {
  status: 503,
  code: 'database_unreachable',
  title: 'The database does not answer',
  detail: 'The API key could not be checked. Send the same request again.',
  retryable: true,
  retryAfterSeconds: 20,
};

/** In the same form as the functions' own errors (RFC 9457). */
export const GATEWAY_PROBLEMS: readonly GatewayProblem[] = [
  { type: ResponseType.UNAUTHORIZED, status: 401, ...UNAUTHORIZED },
  { type: ResponseType.ACCESS_DENIED, ...FORBIDDEN, detail: 'Use an API key that may do this.' },
  { type: ResponseType.WAF_FILTERED, ...FORBIDDEN, detail: 'The request looks like an attack.' },
  { type: ResponseType.INVALID_API_KEY, status: 401, ...UNAUTHORIZED },
  // No route here uses AWS signatures: what the gateway reports as a missing token, or as a bad signature with an
  // Authorization header, is a path or method that doesn't exist.
  { type: ResponseType.MISSING_AUTHENTICATION_TOKEN, ...NOT_FOUND },
  { type: ResponseType.INVALID_SIGNATURE, ...NOT_FOUND },
  { type: ResponseType.EXPIRED_TOKEN, ...NOT_FOUND },
  { type: ResponseType.RESOURCE_NOT_FOUND, ...NOT_FOUND },
  {
    type: ResponseType.REQUEST_TOO_LARGE,
    status: 413,
    code: 'body_too_large',
    title: 'The body is too large',
    detail: 'A body may have 65536 bytes.',
    retryable: false,
  },
  {
    type: ResponseType.UNSUPPORTED_MEDIA_TYPE,
    status: 415,
    code: 'unsupported_media_type',
    title: 'The content type is not supported',
    detail: 'Send Content-Type: application/json.',
    retryable: false,
  },
  { type: ResponseType.BAD_REQUEST_PARAMETERS, ...MISSING_IDEMPOTENCY_KEY },
  { type: ResponseType.THROTTLED, ...TOO_MANY_REQUESTS },
  { type: ResponseType.QUOTA_EXCEEDED, ...TOO_MANY_REQUESTS },
  {
    type: ResponseType.INTEGRATION_TIMEOUT,
    status: 504,
    code: 'timeout',
    title: 'No answer in time',
    detail: 'The request may have been carried out: send it again with the same Idempotency-Key.',
    retryable: true,
  },
  { type: ResponseType.INTEGRATION_FAILURE, status: 502, ...OURS },
  // An authorizer that throws is reported as misconfigured. Both types are mapped, since the documentation doesn't
  // distinguish them clearly.
  { type: ResponseType.AUTHORIZER_FAILURE, ...KEY_NOT_CHECKED },
  { type: ResponseType.AUTHORIZER_CONFIGURATION_ERROR, ...KEY_NOT_CHECKED },
  { type: ResponseType.API_CONFIGURATION_ERROR, status: 500, ...OURS },
  // These two are the defaults for everything without an entry above. The status is a constant, since a template can't read the gateway's own.
  {
    type: ResponseType.DEFAULT_4XX,
    status: 400,
    code: 'bad_request',
    title: 'The request is not readable',
    detail: 'See /v1/openapi.json for what is taken.',
    retryable: false,
  },
  { type: ResponseType.DEFAULT_5XX, status: 500, ...OURS },
];

/** What the gateway adds to a problem; the firewall, which answers before it, knows neither. */
const CONTEXT = { instance: '$context.path', request_id: '$context.requestId' };

/** A mapping template of the gateway; the form is that of the functions' own problems. */
export function problemTemplate(
  problem: Omit<GatewayProblem, 'type'>,
  {
    instance = '/v1',
    request_id = '',
  }: { readonly instance?: string; readonly request_id?: string } = CONTEXT,
): string {
  return JSON.stringify({
    type: `urn:oncepay:problem:${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    instance,
    code: problem.code,
    request_id,
    retryable: problem.retryable,
    errors: problem.errors ?? [],
  });
}
