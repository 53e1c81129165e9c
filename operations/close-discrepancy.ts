import type { Database } from '../adapters/database/database.ts';
import { closeOpenDiscrepancy } from '../adapters/database/statements/close-discrepancy.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { OperationError } from './operation-error.ts';

/**
 * Notes that somebody has found out why a PSP's list and our movements differ. The books stay as they are.
 *
 * @throws OperationError where it isn't open
 */
export async function closeDiscrepancy(
  database: Database,
  discrepancyId: string,
  operator: Operator,
): Promise<void> {
  if (await closeOpenDiscrepancy(database, discrepancyId, operator)) return;
  throw new OperationError(
    'unknown_subject',
    `There is no open discrepancy ${discrepancyId}. See oncepay movements list --unknown.`,
  );
}
