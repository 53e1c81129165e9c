import type { Database } from '../../../adapters/database/database.ts';
import type { DeadLetterQueue } from '../../../adapters/sqs/dead-letter-queue.ts';
import type { ExecutorEffects } from '../../../lambdas/execute-instructions/effects.ts';
import type { Process } from '../scheduler.ts';

/** Where a bug can be planted: around what the real code does to the world, never in the code itself. */
export interface Planted {
  readonly effects: (effects: ExecutorEffects, process: Process) => ExecutorEffects;
  readonly database: (database: Database, process: Process) => Database;
  readonly deduplicationId: (id: string, instructionId: string) => string;
  readonly beforeBatch: (acknowledgeAll: () => void) => void;
  readonly deadLetterQueue: (queue: DeadLetterQueue) => DeadLetterQueue;
}

/** The pipeline as it is. */
export const NOTHING_PLANTED: Planted = {
  effects: (effects) => effects,
  database: (database) => database,
  deduplicationId: (id) => id,
  beforeBatch: () => {},
  deadLetterQueue: (queue) => queue,
};

/** A planted record's token: it matches any claim, in any state. */
export const NO_FENCE = 'planted: no fence';
