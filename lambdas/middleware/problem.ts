/** One problem of a request: where (a JSON pointer, or the name of a header or parameter) and how to fix it. */
export interface FieldProblem {
  readonly pointer: string;
  readonly detail: string;
}

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  readonly retryAfterSeconds?: number;
}

/** Aurora takes about 15 s to resume; a little more spares a second refusal. */
const DATABASE_RESUME_SECONDS = 20;

/** Every error the functions answer with, by its `code`. */
export const PROBLEMS = {
  malformed_json: { status: 400, title: 'The body is not readable JSON', retryable: false },
  missing_idempotency_key: { status: 400, title: 'The Idempotency-Key header is missing', retryable: false },
  malformed_idempotency_key: {
    status: 400,
    title: 'The Idempotency-Key header is malformed',
    retryable: false,
  },
  repeated_header: { status: 400, title: 'A header is sent more than once', retryable: false },
  invalid_parameter: { status: 400, title: 'A parameter is not readable', retryable: false },
  invalid_cursor: { status: 400, title: 'The cursor is not valid', retryable: false },
  event_refused: { status: 400, title: 'The event is not accepted', retryable: false },
  not_found: { status: 404, title: 'There is nothing here', retryable: false },
  method_not_allowed: { status: 405, title: 'The resource has no such method', retryable: false },
  duplicate_merchant_reference: {
    status: 409,
    title: 'The merchant reference is already used',
    retryable: false,
  },
  body_too_large: { status: 413, title: 'The body is too large', retryable: false },
  unsupported_media_type: { status: 415, title: 'The content type is not supported', retryable: false },
  invalid_request: { status: 422, title: 'The request is readable but invalid', retryable: false },
  amount_cap_exceeded: { status: 422, title: 'The amount is over a cap', retryable: false },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    retryable: false,
  },
  internal_error: { status: 500, title: 'Something is wrong on our side', retryable: true },
  database_resuming: {
    status: 503,
    title: 'The database is waking up',
    retryable: true,
    retryAfterSeconds: DATABASE_RESUME_SECONDS,
  },
  database_unreachable: {
    status: 503,
    title: 'The database does not answer',
    retryable: true,
    retryAfterSeconds: 5,
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Thrown by handlers for an answer that is not a success; mapped to problem+json in one place. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly errors: readonly FieldProblem[];
  /** Headers in addition to those of every problem. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    errors: readonly FieldProblem[] = [],
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.code = code;
    this.errors = errors;
    this.headers = headers;
  }
}
