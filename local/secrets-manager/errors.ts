/** An error of Secrets Manager by the name the SDK knows it. */
export class SecretsError extends Error {
  override readonly name: string;

  constructor(name: SecretsErrorName, message: string) {
    super(message);
    this.name = name;
  }
}

export type SecretsErrorName =
  | 'AccessDeniedException'
  | 'InternalServiceError'
  | 'InvalidParameterException'
  | 'InvalidRequestException'
  | 'ResourceExistsException'
  | 'ResourceNotFoundException'
  | 'SerializationException'
  | 'UnknownOperationException';

export function noSuchSecret(): SecretsError {
  return new SecretsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
}
