import type { Database } from '../../adapters/database/database.ts';
import type { ConsumedMessages } from '../../adapters/dynamodb/consumed-messages.ts';
import type { Ids } from '../../adapters/ids.ts';
import type { Meter } from '../../adapters/metrics/meter.ts';
import type { Psp } from '../../adapters/psp/psp.ts';
import type { DeadLetterSender } from '../../adapters/sqs/dead-letter-sender.ts';
import type { VisibilityChanger } from '../../adapters/sqs/instruction-queue.ts';
import type { Time } from '../../adapters/time.ts';

/** The executor's I/O, and its sources of time, ids and randomness. */
export interface ExecutorEffects {
  readonly database: Database;
  readonly consumed: ConsumedMessages;
  /** By account, with the credentials that were current before this batch. */
  readonly psps: ReadonlyMap<string, Psp>;
  readonly visibility: VisibilityChanger;
  readonly deadLetters: DeadLetterSender;
  readonly time: Time;
  readonly ids: Ids;
  readonly restoreEpoch: string;
  readonly log: ExecutorLog;
  readonly meter: Meter;
}

export interface ExecutorLog {
  /** One line per change of an order's state. */
  orderChanged(change: OrderChange): void;
  warn(message: string, detail: Readonly<Record<string, unknown>>): void;
}

export interface OrderChange {
  readonly merchantId: string;
  readonly paymentId: string | null;
  readonly paymentOrderId: string | null;
  readonly correlationId: string | null;
  readonly from: string;
  readonly to: string;
  readonly statusDetail: string | null;
  readonly reason: string | null;
  readonly amountMinor: bigint;
  readonly currency: string;
}

/** One invocation of the function, which is killed when its time is used up. */
export interface Invocation {
  readonly claimToken: string;
  remainingMilliseconds(): number;
}
