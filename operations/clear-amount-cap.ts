import type { Database } from '../adapters/database/database.ts';
import { type CapKey, clearCap, EVERY_MERCHANT } from '../adapters/database/statements/amount-caps.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { OperationError } from './operation-error.ts';

/** @throws OperationError where no such cap is set */
export async function clearAmountCap(database: Database, cap: CapKey, operator: Operator): Promise<void> {
  if (await clearCap(database, cap, operator)) return;
  throw new OperationError(
    'unknown_subject',
    `No cap in ${cap.currency} is set for ${whoseCap(cap.merchantId)}. See oncepay caps list.`,
  );
}

export function whoseCap(merchantId: string): string {
  return merchantId === EVERY_MERCHANT ? 'every merchant without a cap of its own' : merchantId;
}
