/** The messages between the host and a function's environment (a worker thread). */
export interface InvokeMessage {
  readonly id: number;
  /** JSON text, as Lambda hands it over. */
  readonly event: string;
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  /** As Lambda sets it in `_X_AMZN_TRACE_ID`; undefined if nothing is traced. */
  readonly traceHeader: string | undefined;
}

export type OutputKind = 'stdout' | 'stderr';

export type AnswerMessage =
  | { readonly kind: 'ready' }
  /** What the function wrote, as it was written. */
  | { readonly kind: OutputKind; readonly text: string }
  | { readonly kind: 'init_failed'; readonly error: FunctionErrorShape }
  | { readonly kind: 'result'; readonly id: number; readonly json: string }
  | { readonly kind: 'error'; readonly id: number; readonly error: FunctionErrorShape };

/** The payload of a failed invocation, as Lambda writes it. */
export interface FunctionErrorShape {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

export interface EnvironmentData {
  /** `file:///…/index.mjs`. */
  readonly module: string;
  readonly exportName: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMegabytes: number;
  /** Of the environment's credentials. */
  readonly accessKeyId: string;
  /** Where the local services listen. */
  readonly endpoints: readonly string[];
  /** One 32-bit integer: the id of the newest invocation that was posted. While it stays, the environment is frozen. */
  readonly handedOver: SharedArrayBuffer;
}
