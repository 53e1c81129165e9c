import * as z from 'zod/mini';
import { operationSchema } from '../columns.ts';
import type { Database } from '../database.ts';

/** A message to send now: the instruction is recorded as sent. */
export const wokenRow = z.object({
  instruction_id: z.string(),
  group_id: z.string(),
  payment_id: z.nullable(z.string()),
  correlation_id: z.nullable(z.string()),
  operation: operationSchema,
  send_no: z.int(),
});
export type WokenInstruction = z.infer<typeof wokenRow>;

/**
 * Has instructions that wait for the buyer or the PSP looked up now. Others note that they were woken: what is executing is
 * looked up again at once if it then waits. Safe to replay.
 *
 * @returns those whose message the caller sends. Their sends are recorded: if one is lost, the relay sends it again.
 */
export async function wakeInstructions(
  database: Database,
  instructionIds: readonly string[],
): Promise<readonly WokenInstruction[]> {
  const rows = await database.execute(WAKE_SQL, { ids: instructionIds });
  return rows.map((row) => wokenRow.parse(row));
}

/** The columns of a message in a statement that also returns other rows. */
export const MESSAGE = 'instruction_id, group_id, payment_id, correlation_id, operation, send_no';
export const NO_MESSAGE = `null::text as instruction_id, null::text as group_id, null::text as payment_id,
       null::text as correlation_id, null::text as operation, null::int as send_no`;

export const WAKE_SQL = `
select instruction_id, group_id, payment_id, correlation_id, operation, send_no
from wake_v1(array(select jsonb_array_elements_text(:input::jsonb -> 'ids')))
`;
