import { ResponseType } from 'aws-cdk-lib/aws-apigateway';

/** An error that the gateway answers by itself, before or instead of a function. */
export interface GatewayProblem {
  readonly type: ResponseType;
  /** Where the gateway's own status is not the one to show. */
  readonly status?: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly retryable: boolean;
  readonly retryAfterSeconds?: number;
}

const UNAUTHORIZED = {
  code: 'unauthorized',
  title: 'The API key is missing or wrong',
  detail: 'Send Authorization: Bearer <your API key>.',
  retryable: false,
};
const NOT_FOUND = {
  status: 404,
  code: 'not_found',
  title: 'There is nothing here',
  detail: 'No resource has this path and method; see /v1/openapi.json.',
  retryable: false,
};
const THROTTLED = {
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

/** In the same form as the functions' own errors (RFC 9457). */
export const GATEWAY_PROBLEMS: readonly GatewayProblem[] = [
  { type: ResponseType.UNAUTHORIZED, status: 401, ...UNAUTHORIZED },
  {
    type: ResponseType.ACCESS_DENIED,
    status: 403,
    code: 'forbidden',
    title: 'The API key may not do this',
    detail: 'Use a key of a merchant that may.',
    retryable: false,
  },
  { type: ResponseType.INVALID_API_KEY, status: 401, ...UNAUTHORIZED },
  // What the gateway calls a missing authentication token is a path or method that it doesn't have.
  { type: ResponseType.MISSING_AUTHENTICATION_TOKEN, ...NOT_FOUND },
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
  { type: ResponseType.THROTTLED, ...THROTTLED },
  { type: ResponseType.QUOTA_EXCEEDED, ...THROTTLED },
  {
    type: ResponseType.INTEGRATION_TIMEOUT,
    status: 504,
    code: 'timeout',
    title: 'No answer in time',
    detail: 'The request may have been carried out: send it again with the same Idempotency-Key.',
    retryable: true,
  },
  { type: ResponseType.INTEGRATION_FAILURE, status: 502, ...OURS },
  // The authorizer fails when the database sleeps or is away; both pass.
  {
    type: ResponseType.AUTHORIZER_FAILURE,
    status: 503,
    code: 'database_unreachable',
    title: 'The API key could not be checked',
    detail: 'The database resumes or does not answer. Send the same request again.',
    retryable: true,
    retryAfterSeconds: 20,
  },
  { type: ResponseType.AUTHORIZER_CONFIGURATION_ERROR, status: 500, ...OURS },
  { type: ResponseType.API_CONFIGURATION_ERROR, status: 500, ...OURS },
  {
    type: ResponseType.DEFAULT_4XX,
    code: 'bad_request',
    title: 'The request is not readable',
    detail: 'See /v1/openapi.json for what is taken.',
    retryable: false,
  },
  { type: ResponseType.DEFAULT_5XX, ...OURS },
];

/** A mapping template of the gateway; `$context…` is filled in there. */
export function problemTemplate(problem: GatewayProblem): string {
  return JSON.stringify({
    type: `urn:oncepay:problem:${problem.code}`,
    title: problem.title,
    status: '$STATUS',
    detail: problem.detail,
    instance: '$context.path',
    code: problem.code,
    request_id: '$context.requestId',
    retryable: problem.retryable,
    errors: [],
  }).replace('"$STATUS"', problem.status === undefined ? '$context.status' : String(problem.status));
}
