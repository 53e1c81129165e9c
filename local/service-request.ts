/** One request to a local AWS service, as counted at the wire. */
export interface ServiceRequest {
  readonly service: 'sqs' | 'dynamodb' | 'rds-data' | 'secretsmanager' | 'api-gateway' | 'lambda';
  /** The AWS action, e.g. `SendMessageBatch`. */
  readonly action: string;
  /** The caller: the access key id of the request's SigV4 credential. The runtime gives each function its own. */
  readonly caller: string;
}

/** Called for every answered request. */
export type RequestObserver = (request: ServiceRequest) => void;

/** A started local service. `close` resolves when its port is free and its state is on disk. */
export interface RunningService {
  /** `http://127.0.0.1:port`, no trailing slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** The access key id of a SigV4 `Authorization` header, or `anonymous`. */
export function callerOf(authorization: string | undefined): string {
  return /Credential=([^/,\s]+)\//.exec(authorization ?? '')?.[1] ?? 'anonymous';
}
