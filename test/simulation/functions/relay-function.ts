import { matchEarlyEvents } from '../../../adapters/database/statements/match-events.ts';
import { alwaysActive } from '../../../adapters/dynamodb/activity.ts';
import { relayInstructions } from '../../../lambdas/relay-instructions/relay.ts';
import type { Context } from '../context.ts';
import type { Services } from '../services/services.ts';
import { simulatedTime } from '../services/simulated-time.ts';

const TIMEOUT_MS = 60_000;
const EVENTS_LIMIT = 1_000;

export function invokeRelay(context: Context, services: Services): void {
  const { scheduler } = context;
  const deadline = scheduler.clock.now() + TIMEOUT_MS;
  const process = context.processes.startWithin(TIMEOUT_MS, 'relay');
  const database = services.database.for(process);
  const relayed = relayInstructions({
    database,
    queue: services.instructionQueue.senderFor(process),
    activity: alwaysActive,
    time: simulatedTime(context, process),
    remainingMilliseconds: () => deadline - scheduler.clock.now(),
    matchEvents: async () => (await matchEarlyEvents(database, EVENTS_LIMIT)).woken,
    sentAgain: () => {},
  });
  context.processes.endAfter(process, relayed);
}
