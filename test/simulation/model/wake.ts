import type { DatabaseRow } from '../../../adapters/database/database.ts';
import { isAwaitingState, type ModelState } from './state.ts';

/** As the SQL function `wake_v1`. @returns the messages to send */
export function wake(state: ModelState, ids: readonly string[], now: number): DatabaseRow[] {
  return [...new Set(ids)].flatMap((id) => {
    const row = state.instructions.get(id);
    if (row === undefined || !(row.state === 'executing' || isAwaitingState(row.state))) return [];
    row.wokenAt = now;
    if (!isAwaitingState(row.state) || !row.parked) return [];
    Object.assign(row, { pollAt: now, notBefore: now, parked: false, resends: 0, lastSentAt: now });
    row.sendNo += 1;
    return [
      {
        instruction_id: row.id,
        group_id: row.groupId,
        payment_id: row.paymentId,
        correlation_id: row.correlationId,
        operation: row.operation,
        send_no: row.sendNo,
      },
    ];
  });
}
