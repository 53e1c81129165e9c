import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import { acceptPayment } from '../../../lambdas/accept-payment/accept.ts';
import type { Context } from '../context.ts';
import { allOf } from '../services/abilities.ts';
import type { Parents } from '../services/parents.ts';
import type { Services } from '../services/services.ts';

/** Accepts a payment; whether it was answered 202 is told by the state alone. */
export function invokeAccept(
  context: Context,
  services: Services,
  parents: Parents,
  method: string,
  orders: number,
): void {
  const process = context.processes.start('accept');
  const payment = {
    merchant_reference: `reference ${process.name}`,
    buyer_id: 'buyer',
    payment_method: method,
    payment_orders: Array.from({ length: orders }, (_, index) => ({
      amount: 1_000 + index,
      currency: 'KRW',
      seller_id: 'seller',
    })),
  };
  const accepted = acceptPayment(
    payment,
    {
      merchantId: 'mer_one',
      idempotencyKey: process.name,
      correlationId: `request ${process.name}`,
      apiUrl: 'https://api.example/v1',
    },
    {
      database: services.database.for(process),
      queue: parents.sentBy(services.instructionQueue.senderFor(process)),
      activity: alwaysActive,
      ids: context.ids,
      amountCaps: {},
      abilities: new Map(services.psps.map(({ name, abilities }) => [name, allOf(abilities)])),
      now: () => context.scheduler.clock.now(),
      sendFailed: () => {},
    },
  );
  context.processes.endAfter(process, accepted);
}
