import { BatchGetItemCommand, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';

/**
 * Lets the relay of a stage whose database sleeps know, without waking it, that nothing can be due: its last run found
 * nothing, and nothing ran since. A stage whose database never sleeps has none of this.
 */
export interface Activity {
  /** Called before work that may leave something for the relay. */
  touch(): Promise<void>;
  /** Called by the relay when a run that began at `startedAt` (milliseconds) found nothing that waits. */
  foundNothing(startedAt: number): Promise<void>;
  isIdle(): Promise<boolean>;
}

export const alwaysActive: Activity = {
  touch: async () => {},
  foundNothing: async () => {},
  isIdle: async () => false,
};

/** One environment writes its mark at most this often: a busy stage pays two writes a minute, not one per request. */
const TOUCH_EVERY_MS = 30_000;
/** A mark may be this much older than the work it stands for (the throttle above), plus skewed clocks. */
const MARGIN_MS = TOUCH_EVERY_MS + 60_000;

export function createActivity(client: DynamoDBClient, tableName: string, now: () => number): Activity {
  let touchedAt = Number.NEGATIVE_INFINITY;
  const put = async (pk: string, at: number): Promise<void> => {
    await client.send(
      new PutItemCommand({ TableName: tableName, Item: { pk: { S: pk }, at: { N: String(at) } } }),
    );
  };
  return {
    async touch() {
      const at = now();
      if (at - touchedAt < TOUCH_EVERY_MS) return;
      await put('last-activity', at);
      // Noted only once the mark is written: after a failed write the next caller tries again.
      touchedAt = at;
    },
    foundNothing: (startedAt) => put('last-empty-run', startedAt),
    async isIdle() {
      const Keys = [{ pk: { S: 'last-activity' } }, { pk: { S: 'last-empty-run' } }];
      const answer = await client.send(
        new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys, ConsistentRead: true } } }),
      );
      const marks = new Map(
        (answer.Responses?.[tableName] ?? []).map((item) => [item.pk?.S, Number(item.at?.N)]),
      );
      const emptyRun = marks.get('last-empty-run');
      if (emptyRun === undefined) return false;
      const activity = marks.get('last-activity');
      return activity === undefined || emptyRun > activity + MARGIN_MS;
    },
  };
}
