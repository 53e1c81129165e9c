import { wakeInstructions } from '../../../adapters/database/statements/wake-instructions.ts';
import type { Context } from '../context.ts';
import type { Services } from '../services/services.ts';

const TIMEOUT_MS = 10_000;

/** What follows an event of a PSP or the buyer's return: what waits is woken, and its message sent. */
export function invokeReceive(context: Context, services: Services, instructionId: string): void {
  const process = context.processes.startWithin(TIMEOUT_MS, 'receive');
  const wakeAndSend = async () => {
    const woken = await wakeInstructions(services.database.for(process), [instructionId]);
    if (woken.length === 0) return;
    await services.instructionQueue.senderFor(process).send(
      woken.map((row) => ({
        instructionId: row.instruction_id,
        groupId: row.group_id,
        operation: row.operation,
        sendNumber: row.send_no,
        correlationId: row.correlation_id,
      })),
    );
  };
  context.processes.endAfter(process, wakeAndSend());
}
