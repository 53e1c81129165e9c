import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import { unmetered } from '../../../adapters/metrics/meter.ts';
import { PROBLEMS, Problem } from '../../../lambdas/middleware/problem.ts';
import { receive } from '../../../lambdas/receive-event/receive.ts';
import { returnFromPsp } from '../../../lambdas/receive-event/return.ts';
import type { EventCheck } from '../checks/event-check.ts';
import type { Context } from '../context.ts';
import type { Process } from '../scheduler.ts';
import type { Deliver } from '../services/psp-events.ts';
import type { Services } from '../services/services.ts';
import { simulatedTime } from '../services/simulated-time.ts';

const TIMEOUT_MS = 10_000;

/** The shop's page that every payment names. */
export const RETURN_URL = 'https://shop.test/done';

/** A PSP's event, by the address for events. */
export function receiver(context: Context, services: () => Services, check: EventCheck): Deliver {
  return ({ account, headers, body }, onAnswered) => {
    const process = context.processes.startWithin(TIMEOUT_MS, 'receive');
    const { psps } = services();
    let status: number | undefined;
    context.scheduler.whenEnded(process, () => onAnswered(status));
    const receiving = receive(
      account,
      { headers, body, now: simulatedTime(context, process).now() },
      {
        ...effectsOf(services(), process),
        psps: new Map(psps.map(({ name, events }) => [name, { parseEvent: (raw) => events.parse(raw) }])),
        ids: context.ids,
        meter: unmetered,
      },
    );
    const answered = receiving.then(
      ({ woken }) => {
        status = 200;
        check.checkAnswered(account, JSON.parse(body.toString()).id);
        check.checkWoken(
          account,
          woken.map(({ instruction_id: id }) => id),
        );
      },
      (error: unknown) => {
        status = error instanceof Problem ? PROBLEMS[error.code].status : 500;
      },
    );
    context.processes.endAfter(process, answered);
  };
}

/** A buyer whom the PSP sends back, whatever the buyer has done there. */
export function invokeReturn(context: Context, services: Services, orderId: string): void {
  const process = context.processes.startWithin(TIMEOUT_MS, 'receive');
  const { paymentId } = context.state.order(orderId);
  const expected = `${RETURN_URL}?payment_id=${paymentId}`;
  const returned = returnFromPsp(orderId, {
    ...effectsOf(services, process),
    takesRealMoney: false,
  }).then(({ status, headers }) => {
    if (status !== 303 || headers?.Location !== expected)
      context.violations.add(`the buyer of ${orderId} is answered ${status} ${headers?.Location}`);
  });
  context.processes.endAfter(process, returned);
}

function effectsOf(services: Services, process: Process) {
  return {
    database: services.database.for(process),
    queue: services.instructionQueue.senderFor(process),
    activity: alwaysActive,
    sendFailed: () => {},
  };
}
