import { redriveDeadLetters } from '../../../operations/redrive-dead-letters.ts';
import type { Context } from '../context.ts';
import type { Services } from '../services/services.ts';
import { simulatedTime } from '../services/simulated-time.ts';

const TIMEOUT_MS = 90_000;
/** What a round must still have before it begins. */
const ROUND_MS = 15_000;

export type RedriveActor = 'schedule' | 'alarm' | 'operator';

export function invokeRedrive(context: Context, services: Services, actor: RedriveActor): void {
  const { scheduler, processes } = context;
  const isOperator = actor === 'operator';
  const deadline = scheduler.clock.now() + TIMEOUT_MS;
  const process = processes.startWithin(TIMEOUT_MS, 'redrive');
  const redriven = redriveDeadLetters(
    {
      database: services.database.for(process),
      consumed: services.consumed.for(process),
      queue: services.deadLetterQueue.for(process, !isOperator),
      time: simulatedTime(context, process),
      progress: () => {},
      redriven: () => {},
    },
    {
      actor,
      origin: 'pipeline',
      reason: 'simulated',
      messagesPerSecond: 20,
      filter: {},
      skipsRest: isOperator,
      dryRun: false,
      hasTime: () => deadline - scheduler.clock.now() > ROUND_MS,
    },
  );
  processes.endAfter(process, redriven);
}
