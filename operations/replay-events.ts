import type { Database } from '../adapters/database/database.ts';
import type { Operator } from '../adapters/database/statements/operation-log.ts';
import { type ReplayedEvents, replayStoredEvents } from '../adapters/database/statements/replay-events.ts';
import type { Activity } from '../adapters/dynamodb/activity.ts';
import { type SendEffects, sendWoken } from '../adapters/sqs/send-woken.ts';
import { OperationError } from './operation-error.ts';

export interface ReplayEffects extends SendEffects {
  readonly database: Database;
  readonly activity: Pick<Activity, 'touch'>;
}

/** The most that one statement wakes, so that its locks are short. */
export const REPLAY_LIMIT = 500;

/**
 * Wakes again the instructions that stored events name, as when they came: each is looked up at its PSP. An event of an
 * instruction that has ended, and one that names nothing of ours, wake nothing.
 *
 * @param eventIds ours, at most `REPLAY_LIMIT`
 * @throws OperationError where an event isn't there; the others were replayed
 */
export async function replayEvents(
  effects: ReplayEffects,
  eventIds: readonly string[],
  operator: Operator,
): Promise<ReplayedEvents['events']> {
  // Where the database sleeps, the relay looks only after activity.
  await effects.activity.touch();
  const { events, woken } = await replayStoredEvents(effects.database, eventIds, operator);
  await sendWoken(woken, effects);
  const missing = eventIds.find((id) => !events.some(({ event_id }) => event_id === id));
  if (missing === undefined) return events;
  throw new OperationError('unknown_subject', `There is no event ${missing}. See oncepay events list.`);
}
