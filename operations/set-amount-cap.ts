import type { Database } from '../adapters/database/database.ts';
import { type CapKey, EVERY_MERCHANT, setCap } from '../adapters/database/statements/amount-caps.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { requireMerchant } from './require-merchant.ts';

/**
 * Sets the most that one payment may ask for, from the next payment on.
 *
 * @returns the cap that it replaces, in minor units; undefined where none was set
 * @throws OperationError for an unknown merchant
 */
export async function setAmountCap(
  database: Database,
  cap: CapKey & { readonly maxAmountMinor: bigint },
  operator: Operator,
): Promise<bigint | undefined> {
  if (cap.merchantId !== EVERY_MERCHANT) await requireMerchant(database, cap.merchantId);
  return setCap(database, cap, operator);
}
