import middy, { type MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import {
  DatabaseError,
  DatabaseResumingError,
  DatabaseUnreachableError,
} from '../../adapters/database/database.ts';
import { logger, logInvocation } from './logger.ts';
import { PROBLEMS, Problem } from './problem.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text, sent unchanged: a replay must be identical byte for byte. */
  readonly body: string;
}

type Work = (event: APIGatewayProxyEvent, context: Context) => Promise<HttpAnswer>;

/** A function behind the REST API: answers JSON, and problem+json for errors. `around` is additional middleware. */
export function httpFunction(work: Work, ...around: readonly MiddlewareObj[]) {
  return middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
    .use([logInvocation(), ...around])
    .use(problemJson())
    .handler(async (event, context) => {
      const answer = await work(event, context);
      return {
        statusCode: answer.status,
        headers: {
          ...commonHeaders(event),
          'Content-Type': 'application/json; charset=utf-8',
          ...answer.headers,
        },
        body: answer.body,
      };
    });
}

function commonHeaders(event: APIGatewayProxyEvent): Record<string, string> {
  return { 'X-Request-Id': event.requestContext.requestId, 'Cache-Control': 'no-store' };
}

/** The only place where an error becomes an HTTP answer (RFC 9457). An error other than a Problem is a bug, and logged. */
function problemJson(): MiddlewareObj<APIGatewayProxyEvent, APIGatewayProxyResult> {
  return {
    onError: (request) => {
      const problem = problemOf(request.error);
      if (PROBLEMS[problem.code].status >= 500)
        logger.error('request failed', { error: request.error ?? problem });
      request.response = problemAnswer(problem, request.event);
    },
  };
}

/** SQLSTATE classes: insufficient resources, operator intervention, system error. */
const LACKS_RESOURCES = /^5[378]/;

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DatabaseResumingError) {
    return new Problem(
      'database_resuming',
      'The database resumes after a pause. Send the same request again.',
    );
  }
  if (error instanceof DatabaseUnreachableError) {
    return new Problem(
      'database_unreachable',
      'The request may or may not have been carried out. Send it again with the same Idempotency-Key.',
    );
  }
  if (error instanceof DatabaseError && LACKS_RESOURCES.test(error.sqlState)) {
    return new Problem(
      'database_unreachable',
      `The database can’t execute this now (SQLSTATE ${error.sqlState}), and stored nothing. Send the same request again.`,
    );
  }
  return new Problem(
    'internal_error',
    'Send the same request again; give the request id when you report this.',
  );
}

function problemAnswer(problem: Problem, event: APIGatewayProxyEvent): APIGatewayProxyResult {
  const kind = PROBLEMS[problem.code];
  const retryAfter = 'retryAfterSeconds' in kind ? { 'Retry-After': String(kind.retryAfterSeconds) } : {};
  return {
    statusCode: kind.status,
    headers: {
      ...commonHeaders(event),
      'Content-Type': 'application/problem+json',
      ...retryAfter,
      ...problem.headers,
    },
    body: JSON.stringify({
      type: `urn:oncepay:problem:${problem.code}`,
      title: kind.title,
      status: kind.status,
      detail: problem.message,
      instance: event.requestContext.path,
      code: problem.code,
      request_id: event.requestContext.requestId,
      retryable: kind.retryable,
      errors: problem.errors,
    }),
  };
}
