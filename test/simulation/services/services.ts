import type { ConsumedTable } from './consumed-table.ts';
import type { SimulatedDeadLetterQueue } from './dead-letter-queue.ts';
import type { SimulatedInstructionQueue } from './instruction-queue.ts';
import type { Queues } from './queues.ts';
import type { SimulatedDatabase } from './simulated-database.ts';
import type { SimulatedPsp } from './simulated-psp.ts';

/** What the functions reach over the network. */
export interface Services {
  readonly queues: Queues;
  readonly database: SimulatedDatabase;
  readonly consumed: ConsumedTable;
  readonly instructionQueue: SimulatedInstructionQueue;
  readonly deadLetterQueue: SimulatedDeadLetterQueue;
  readonly psps: readonly SimulatedPsp[];
}
