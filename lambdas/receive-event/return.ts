import type { Database } from '../../adapters/database/database.ts';
import { returnBuyer } from '../../adapters/database/statements/return-buyer.ts';
import type { Activity } from '../../adapters/dynamodb/activity.ts';
import { type SendEffects, sendWoken } from '../../adapters/sqs/send-woken.ts';
import { isPrivateAddress } from '../../domain/loopback.ts';
import { isOrderId } from '../../domain/payment/instruction.ts';
import type { HttpAnswer } from '../middleware/http.ts';
import { RETURNED_PAGE, UNKNOWN_PAGE } from './return-page.ts';

export interface ReturnEffects extends SendEffects {
  readonly database: Database;
  readonly activity: Pick<Activity, 'touch'>;
  /** Whether the stage takes real money: then a buyer is sent to https addresses only. */
  readonly takesRealMoney: boolean;
}

/**
 * Receives a buyer whom the PSP sent back: wakes the order's instruction to a look-up, and sends the buyer on to the merchant's
 * address with `payment_id`, without a status, which anybody could forge. What the PSP or somebody else wrote into the query is
 * not read: only the stored address is a target.
 */
export async function returnFromPsp(paymentOrderId: string, effects: ReturnEffects): Promise<HttpAnswer> {
  if (!isOrderId(paymentOrderId)) return UNKNOWN_PAGE;
  await effects.activity.touch();
  const returned = await returnBuyer(effects.database, paymentOrderId);
  if (returned === undefined) return UNKNOWN_PAGE;
  await sendWoken(returned.woken, effects);
  const target = targetOf(returned.returnUrl, returned.paymentId, effects.takesRealMoney);
  if (target === undefined) return RETURNED_PAGE;
  return { status: 303, headers: { Location: target, 'Referrer-Policy': 'no-referrer' }, body: '' };
}

/** The stored address with `payment_id` behind its query, otherwise unchanged; undefined if there is none to go to. */
export function targetOf(
  returnUrl: string | null,
  paymentId: string,
  takesRealMoney: boolean,
): string | undefined {
  const url = returnUrl === null ? null : URL.parse(returnUrl);
  if (url === null) return undefined;
  if (!isPrivateAddress(url) || (takesRealMoney && url.protocol !== 'https:')) return undefined;
  const [address = '', ...fragments] = url.href.split('#');
  const fragment = fragments.length === 0 ? '' : `#${fragments.join('#')}`;
  const separator = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
  return `${address}${separator}payment_id=${encodeURIComponent(paymentId)}${fragment}`;
}
