/** An SQS error by the name the SDK knows it; mapped to the wire in one place, start-sqs.ts. */
export class SqsError extends Error {
  override readonly name: string;
  /** The code of the older query protocol, which the SDK still reads from a header. */
  readonly queryCode: string;

  constructor(name: SqsErrorName, message: string) {
    super(message);
    this.name = name;
    this.queryCode = QUERY_CODES[name];
  }

  get status(): number {
    return STATUSES.get(this.name) ?? 400;
  }
}

const STATUSES: ReadonlyMap<string, number> = new Map([
  ['AccessDenied', 403],
  ['InvalidClientTokenId', 403],
  ['PurgeQueueInProgress', 403],
  ['ResourceNotFoundException', 404],
  ['InternalFailure', 500],
]);

const QUERY_CODES = {
  AccessDenied: 'AccessDenied',
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  BatchRequestTooLong: 'AWS.SimpleQueueService.BatchRequestTooLong',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  InternalFailure: 'InternalFailure',
  InvalidAttributeName: 'InvalidAttributeName',
  InvalidAttributeValue: 'InvalidAttributeValue',
  InvalidClientTokenId: 'InvalidClientTokenId',
  InvalidBatchEntryId: 'AWS.SimpleQueueService.InvalidBatchEntryId',
  InvalidMessageContents: 'InvalidMessageContents',
  InvalidParameterValue: 'InvalidParameterValue',
  KmsAccessDenied: 'KMS.AccessDeniedException',
  MessageNotInflight: 'AWS.SimpleQueueService.MessageNotInflight',
  MissingParameter: 'MissingParameter',
  PurgeQueueInProgress: 'AWS.SimpleQueueService.PurgeQueueInProgress',
  QueueDeletedRecently: 'AWS.SimpleQueueService.QueueDeletedRecently',
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  QueueNameExists: 'QueueAlreadyExists',
  ReceiptHandleIsInvalid: 'ReceiptHandleIsInvalid',
  ResourceNotFoundException: 'ResourceNotFoundException',
  SerializationException: 'SerializationException',
  ThrottlingException: 'ThrottlingException',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
  UnknownOperationException: 'UnknownOperationException',
  UnsupportedOperation: 'AWS.SimpleQueueService.UnsupportedOperation',
} as const;

export type SqsErrorName = keyof typeof QUERY_CODES;

export function invalidParameter(message: string): SqsError {
  return new SqsError('InvalidParameterValue', message);
}
