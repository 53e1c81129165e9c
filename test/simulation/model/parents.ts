import type { DatabaseRow } from '../../../adapters/database/database.ts';
import { addAmounts } from '../../../domain/ledger/order-amounts.ts';
import { newInstruction } from './accept.ts';
import type { ParentsInput } from './inputs.ts';
import type { ModelInstruction, ModelState } from './state.ts';

/** As ADD_PARENTS_SQL. */
export function addParents(state: ModelState, { parents }: ParentsInput, now: number): DatabaseRow[] {
  for (const parent of parents) {
    const { instruction_id: id, charge_id: chargeId, parent_id: parentId, is_last: isLast } = parent;
    const charge = state.instructions.get(chargeId);
    if (charge === undefined || state.instructions.has(id)) continue;
    state.instructions.set(
      id,
      newInstruction({
        ...charge,
        id,
        parentId,
        operation: 'authorize',
        amountMinor: parent.amount_minor ?? charge.amountMinor,
        acceptedAt: now,
        sendBy: null,
      }),
    );
    if (isLast) charge.parentId = id;
    if (isLast && parent.is_captured === true) capture(state, charge);
  }
  return [];
}

/** A capture reserves what it captures. */
function capture(state: ModelState, charge: ModelInstruction): void {
  charge.operation = 'capture';
  const order = state.order(charge.orderId);
  order.amounts = addAmounts(order.amounts, { capture_pending: BigInt(charge.amountMinor) });
}
