import { isTestPaymentMethod } from '../../domain/payment/payment-method.ts';
import { invalidRequest } from '../middleware/json-body.ts';

/** @throws Problem 422 when a simulator's token is sent to a stage that takes real money */
export function requireTestMethodOnlyInTest(paymentMethod: string, takesRealMoney: boolean): void {
  if (!takesRealMoney || !isTestPaymentMethod(paymentMethod)) return;
  throw invalidRequest([
    {
      pointer: '/payment_method',
      detail: `${JSON.stringify(paymentMethod)} is a simulator's token, and this stage takes real money; send a token of a real PSP`,
    },
  ]);
}
