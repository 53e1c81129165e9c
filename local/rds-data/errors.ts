/** An error of the Data API as it goes over the wire: the SDK finds its class by the name. */
export class DataApiError extends Error {
  override readonly name: string;
  readonly status: number;

  constructor(name: DataApiErrorName, message: string) {
    super(message);
    this.name = name;
    this.status = STATUSES[name];
  }
}

const STATUSES = {
  AccessDeniedException: 403,
  BadRequestException: 400,
  DatabaseErrorException: 400,
  DatabaseNotFoundException: 404,
  DatabaseResumingException: 400,
  DatabaseUnavailableException: 504,
  HttpEndpointNotEnabledException: 400,
  InternalFailure: 500,
  InternalServerErrorException: 500,
  InvalidSecretException: 400,
  SecretsErrorException: 400,
  StatementTimeoutException: 400,
  TransactionNotFoundException: 404,
  UnknownOperationException: 404,
  UnrecognizedClientException: 403,
  UnsupportedResultException: 400,
  ValidationException: 400,
} as const;

export type DataApiErrorName = keyof typeof STATUSES;

export function badRequest(message: string): DataApiError {
  return new DataApiError('BadRequestException', message);
}

/** For a request that is invalid whatever the database would answer. */
export function invalidRequest(message: string): DataApiError {
  return new DataApiError('ValidationException', message);
}

/** For a result that the Data API doesn't return. */
export function unsupportedResult(message: string): DataApiError {
  return new DataApiError('UnsupportedResultException', message);
}
