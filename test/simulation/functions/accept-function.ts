import type { Database } from '../../../adapters/database/database.ts';
import { ACCEPT } from '../../../adapters/database/statements/accept-payment.ts';
import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import { acceptPayment } from '../../../lambdas/accept-payment/accept.ts';
import type { Context } from '../context.ts';
import { acceptInput } from '../model/inputs.ts';
import { allOf } from '../services/abilities.ts';
import type { Parents } from '../services/parents.ts';
import type { Services } from '../services/services.ts';
import { RETURN_URL } from './receive-function.ts';

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
    return_url: RETURN_URL,
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
      database: overtaken(services.database.for(process), context, services),
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

/** What the PSP tells of an instruction may come before our own commit. */
function overtaken(database: Database, { faults }: Context, { psps }: Services): Database {
  return {
    execute: (sql, input) => {
      if (sql === ACCEPT.sql && faults.strikes('event early', 2))
        for (const order of acceptInput.parse(input).orders)
          psps
            .find(({ name }) => name === order.psp_account)
            ?.events.tellEarly(order.instruction_id, order.payment_order_id);
      return database.execute(sql, input);
    },
  };
}
