import type { Database } from '../../adapters/database/database.ts';
import {
  keptDays,
  noteRun,
  PURGES,
  type Purge,
  purge,
  type RetentionDays,
} from '../../adapters/database/statements/purge-expired.ts';
import type { Activity } from '../../adapters/dynamodb/activity.ts';

export interface PurgeEffects {
  readonly database: Database;
  readonly activity: Pick<Activity, 'isIdle'>;
  readonly days: RetentionDays;
  /** Whether another batch may begin; a function has a time-out. */
  hasTime(): boolean;
}

export type PurgeReport =
  /** The purge doesn't resume a paused database. What is due is removed in an hour in which the stage is used. */
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'purged';
      readonly purged: Readonly<Record<Purge, number>>;
      /** Time ran out; the next run continues. */
      readonly isUnfinished: boolean;
    };

/** The maximum that one statement removes, to keep its locks and its WAL small, far below its time-out. */
const BATCH_LIMIT = 1_000;

export const JOB = 'purge-expired';

/** Removes what is past its retention, batch by batch, until nothing is due or time is up. Safe to repeat. */
export async function purgeExpired(effects: PurgeEffects): Promise<PurgeReport> {
  if (await effects.activity.isIdle()) return { kind: 'idle' };
  const purged: Record<Purge, number> = {
    idempotency_keys: 0,
    buyer_data: 0,
    evidence: 0,
    events: 0,
    poison: 0,
    operation_log: 0,
  };
  let isUnfinished = false;
  for (const kind of PURGES) {
    const done = await purgeAll(kind, effects);
    purged[kind] = done.count;
    isUnfinished ||= done.isUnfinished;
  }
  await noteRun(effects.database, JOB, purged);
  return { kind: 'purged', purged, isUnfinished };
}

async function purgeAll(
  kind: Purge,
  { database, days, hasTime }: PurgeEffects,
): Promise<{ readonly count: number; readonly isUnfinished: boolean }> {
  let count = 0;
  while (hasTime()) {
    const batch = await purge(database, kind, keptDays(kind, days), BATCH_LIMIT);
    count += batch;
    if (batch < BATCH_LIMIT) return { count, isUnfinished: false };
  }
  return { count, isUnfinished: true };
}
