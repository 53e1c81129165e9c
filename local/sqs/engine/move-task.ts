/** SQS's own redrive of a dead-letter queue. Times are milliseconds since the epoch. */
export interface MoveTask {
  readonly handle: string;
  readonly sourceArn: string;
  /** Undefined: each message goes back to the queue it was moved from. */
  readonly destinationArn: string | undefined;
  /** 1 to 500; undefined when the caller named none and SQS chooses. */
  readonly ratePerSecond: number | undefined;
  readonly startedAt: number;
  readonly toMove: number;
  status: 'RUNNING' | 'COMPLETED' | 'CANCELLING' | 'CANCELLED' | 'FAILED';
  moved: number;
  failureReason: string | undefined;
}

export function isActive(task: MoveTask): boolean {
  return task.status === 'RUNNING' || task.status === 'CANCELLING';
}
