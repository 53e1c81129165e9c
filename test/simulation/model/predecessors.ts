import type { DatabaseRow } from '../../../adapters/database/database.ts';
import { newInstruction } from './accept.ts';
import type { PredecessorsInput } from './inputs.ts';
import type { ModelState } from './state.ts';

/** Gives charges that were accepted instructions that come before them in their orders; safe to replay. */
export const PREDECESSORS_SQL = `
insert into instruction (instruction_id, payment_order_id, payment_id, merchant_id, seq, operation, not_before,
                         last_sent_at, correlation_id)
select p.instruction_id, i.payment_order_id, i.payment_id, i.merchant_id, p.seq, 'authorize', clock(), clock(),
       i.correlation_id
from jsonb_to_recordset(:input::jsonb -> 'predecessors') as p(instruction_id text, charge_id text, seq smallint)
join instruction i on i.instruction_id = p.charge_id
on conflict do nothing`;

/** As PREDECESSORS_SQL. */
export function insertPredecessors(
  state: ModelState,
  { predecessors }: PredecessorsInput,
  now: number,
): DatabaseRow[] {
  for (const { instruction_id: id, charge_id: chargeId, seq } of predecessors) {
    const charge = state.instructions.get(chargeId);
    if (charge === undefined || state.instructions.has(id)) continue;
    const { orderId, paymentId, merchantId, psp, correlationId } = charge;
    const accepted = { id, orderId, paymentId, merchantId, psp, correlationId, seq };
    state.instructions.set(id, newInstruction({ ...accepted, acceptedAt: now, operation: 'authorize' }));
  }
  return [];
}
