import type { DatabaseRow } from '../../../adapters/database/database.ts';
import { newInstruction } from './accept.ts';
import type { ParentsInput } from './inputs.ts';
import type { ModelState } from './state.ts';

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
      }),
    );
    if (isLast) charge.parentId = id;
  }
  return [];
}
