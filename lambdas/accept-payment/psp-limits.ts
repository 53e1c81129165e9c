import { parsePaymentMethod } from '../../domain/payment/payment-method.ts';
import { type CurrencyLimits, problemOfAmount } from '../../domain/payment/psp-abilities.ts';
import { invalidRequest } from '../middleware/json-body.ts';
import type { PaymentRequest } from './schema.ts';

/**
 * Refuses what the account of this payment method would refuse, so that nothing is stored that can only fail.
 *
 * @param currencies what each account of the stage takes
 * @throws Problem 422 naming each value and its fix
 */
export function requireAmountsOfAccount(
  { payment_method: token, payment_orders: orders }: PaymentRequest,
  currencies: ReadonlyMap<string, CurrencyLimits>,
): void {
  const account = parsePaymentMethod(token)?.psp ?? '';
  const limitsOf = currencies.get(account);
  if (limitsOf === undefined) {
    const detail = `is a token of ${account}, where this stage has no account; send a token of another PSP`;
    throw invalidRequest([{ pointer: '/payment_method', detail }]);
  }
  const problems = orders.flatMap(({ amount, currency }, index) => {
    const problem = problemOfAmount(limitsOf, BigInt(amount), currency);
    if (problem === undefined) return [];
    return [{ pointer: `/payment_orders/${index}/${problem.field}`, detail: problem.detail }];
  });
  if (problems.length > 0) throw invalidRequest(problems);
}
