import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import { relayInstructions } from '../../../lambdas/relay-instructions/relay.ts';
import type { Context } from '../context.ts';
import type { Services } from '../services/services.ts';
import { simulatedTime } from '../services/simulated-time.ts';

const TIMEOUT_MS = 60_000;

export function invokeRelay(context: Context, services: Services): void {
  const { scheduler } = context;
  const deadline = scheduler.clock.now() + TIMEOUT_MS;
  const process = context.processes.startWithin(TIMEOUT_MS, 'relay');
  const relayed = relayInstructions({
    database: services.database.for(process),
    queue: services.instructionQueue.senderFor(process),
    activity: alwaysActive,
    time: simulatedTime(context, process),
    remainingMilliseconds: () => deadline - scheduler.clock.now(),
    matchEvents: async () => [],
    sentAgain: () => {},
  });
  context.processes.endAfter(process, relayed);
}
