import { BatchGetItemCommand, BatchWriteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { inRequestTime } from '../bounded-client.ts';

/** The table of terminal instructions, read before the database is queried. */
export interface ConsumedMessages {
  /** Which of these keys are recorded. A key without an answer counts as not recorded; the claim then decides. */
  find(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Records keys; returns those that could not be written, whose messages must be redelivered. */
  record(keys: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Longer than both queues' 14 days and three redrives, so that no message can outlast its record. */
const TIME_TO_LIVE_SECONDS = 60 * 24 * 3600;

/** Reads are consistent, since they decide. At most ten keys, well within DynamoDB's limits of 100 and 25 a batch. */
export function createConsumedMessages(
  client: DynamoDBClient,
  tableName: string,
  now: () => number,
): ConsumedMessages {
  return {
    async find(keys) {
      const distinct = [...new Set(keys)];
      if (distinct.length === 0) return new Set();
      const Keys = distinct.map((pk) => ({ pk: { S: pk } }));
      const RequestItems = { [tableName]: { Keys, ConsistentRead: true, ProjectionExpression: 'pk' } };
      const answer = await inRequestTime(client.send(new BatchGetItemCommand({ RequestItems })));
      return new Set((answer.Responses?.[tableName] ?? []).flatMap((item) => item.pk?.S ?? []));
    },
    async record(keys) {
      const distinct = [...new Set(keys)];
      if (distinct.length === 0) return new Set();
      const expiresAt = String(Math.floor(now() / 1000) + TIME_TO_LIVE_SECONDS);
      const puts = distinct.map((pk) => ({
        PutRequest: { Item: { pk: { S: pk }, expires_at: { N: expiresAt } } },
      }));
      const RequestItems = { [tableName]: puts };
      const answer = await inRequestTime(client.send(new BatchWriteItemCommand({ RequestItems })));
      return new Set(
        (answer.UnprocessedItems?.[tableName] ?? []).flatMap((put) => put.PutRequest?.Item?.pk?.S ?? []),
      );
    },
  };
}
