import type { Message } from '../../../local/sqs/engine/message.ts';
import { REST_SECONDS } from '../../../operations/redrive-dead-letters.ts';
import type { Context } from '../context.ts';

/** By itself, no dead letter goes back from its newest death before its rest is over. */
export function checkRest({ state, scheduler, violations }: Context, { body, attributes }: Message): void {
  const row = [...state.instructions.values()].find(({ id }) => body.includes(id));
  if (row?.state !== 'dead_lettered' || attributes.cycle?.StringValue !== String(row.cycle)) return;
  const restedSeconds = (scheduler.clock.now() - (state.deadLetters.get(row.id)?.lastSeenAt ?? 0)) / 1000;
  const restSeconds = REST_SECONDS[Math.min(row.cycle, REST_SECONDS.length - 1)] ?? 0;
  if (restedSeconds < restSeconds)
    violations.add(`${row.id} goes back ${restedSeconds} s after it died in cycle ${row.cycle}`);
}
