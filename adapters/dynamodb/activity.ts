import { BatchGetItemCommand, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { inRequestTime } from '../bounded-client.ts';

/**
 * On a stage whose database pauses, tells the relay without resuming the database that nothing can be due: its last run found
 * nothing, and nothing ran since. Other stages don't use it.
 */
export interface Activity {
  /** Called before work that may leave something for the relay. */
  touch(): Promise<void>;
  /** Called by the relay when a run that began at `startedAt` (milliseconds) found no waiting instruction. */
  foundNothing(startedAt: number): Promise<void>;
  isIdle(): Promise<boolean>;
}

export const alwaysActive: Activity = {
  touch: async () => {},
  foundNothing: async () => {},
  isIdle: async () => false,
};

/** How often an environment writes its mark at most: a busy stage pays for two writes a minute, not one per request. */
const TOUCH_EVERY_MS = 30_000;
/** How much older than its work a mark may be: the interval above plus clock skew. */
const MARGIN_MS = TOUCH_EVERY_MS + 60_000;

export function createActivity(client: DynamoDBClient, tableName: string, now: () => number): Activity {
  let touchedAt = Number.NEGATIVE_INFINITY;
  const put = async (pk: string, at: number): Promise<void> => {
    const Item = { pk: { S: pk }, at: { N: String(at) } };
    await inRequestTime(client.send(new PutItemCommand({ TableName: tableName, Item })));
  };
  return {
    async touch() {
      const at = now();
      if (at - touchedAt < TOUCH_EVERY_MS) return;
      await put('last-activity', at);
      // Remembered only after the mark is written, so that the next caller retries a failed write.
      touchedAt = at;
    },
    foundNothing: (startedAt) => put('last-empty-run', startedAt),
    async isIdle() {
      const Keys = [{ pk: { S: 'last-activity' } }, { pk: { S: 'last-empty-run' } }];
      const RequestItems = { [tableName]: { Keys, ConsistentRead: true } };
      const answer = await inRequestTime(client.send(new BatchGetItemCommand({ RequestItems })));
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
