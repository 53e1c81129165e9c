import { parsePaymentMethod } from '../../domain/payment/payment-method.ts';
import { type PspAbilities, problemOfAmount } from '../../domain/payment/psp-abilities.ts';
import { invalidRequest } from '../middleware/json-body.ts';
import type { Problem } from '../middleware/problem.ts';
import type { PaymentRequest } from './schema.ts';

/**
 * What the account of this payment method would refuse, so that nothing is stored that can only fail: a 422 that names each value
 * and its fix.
 *
 * @param abilities of each account of the stage
 */
export function problemOfAccount(
  { payment_method: token, payment_orders: orders }: PaymentRequest,
  abilities: ReadonlyMap<string, Pick<PspAbilities, 'currencies'>>,
): Problem | undefined {
  const account = parsePaymentMethod(token)?.psp ?? '';
  const limitsOf = abilities.get(account)?.currencies;
  if (limitsOf === undefined) {
    const detail = `is a token of ${account}, where this stage has no account; send a token of another PSP`;
    return invalidRequest([{ pointer: '/payment_method', detail }]);
  }
  const problems = orders.flatMap(({ amount, currency }, index) => {
    const problem = problemOfAmount(limitsOf, BigInt(amount), currency);
    if (problem === undefined) return [];
    return [{ pointer: `/payment_orders/${index}/${problem.field}`, detail: problem.detail }];
  });
  return problems.length > 0 ? invalidRequest(problems) : undefined;
}
