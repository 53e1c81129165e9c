import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';

export interface SimulatorTableSettings {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Lists items of one kind by their place: `listed`, then `listed_at`. Eventually consistent, like every such index. */
  readonly indexName: string;
}

/** An item's place in the index; places are unique and sort by time. */
export interface Listing {
  readonly listed: string;
  readonly place: string;
}

export interface NewItem {
  readonly pk: string;
  readonly sk: string;
  readonly content: unknown;
  readonly listing?: Listing;
  /** Seconds since the epoch; undefined: kept for ever. */
  readonly expiresAt?: number;
}

export interface StoredItem {
  readonly sk: string;
  readonly content: unknown;
  /** In the index; empty for items that aren't listed. */
  readonly place: string;
}

/** Pages of one megabyte: half a million charges, more than a stage without real money makes in a year. */
const MAX_PAGES = 500;

/**
 * The simulator's table, with the operations that its records need. No transactions, and no returned values of a failed
 * condition: everything atomic is one item.
 */
export class SimulatorTable {
  private readonly settings: SimulatorTableSettings;

  constructor(settings: SimulatorTableSettings) {
    this.settings = settings;
  }

  async put(item: NewItem): Promise<void> {
    await this.settings.client.send(new PutItemCommand(this.putInput(item)));
  }

  /** @returns whether it was put: false if an item with this key exists */
  async putNew(item: NewItem): Promise<boolean> {
    const ConditionExpression = 'attribute_not_exists(pk)';
    return this.conditionally(new PutItemCommand({ ...this.putInput(item), ConditionExpression }));
  }

  /** @returns whether it was put: false if the content isn't `before` any more */
  async replace(item: NewItem, before: unknown): Promise<boolean> {
    const ConditionExpression = 'content = :before';
    const ExpressionAttributeValues = { ':before': text(JSON.stringify(before)) };
    return this.conditionally(
      new PutItemCommand({ ...this.putInput(item), ConditionExpression, ExpressionAttributeValues }),
    );
  }

  /**
   * Adds one, atomically. @returns the sum
   *
   * @param expiresAt seconds since the epoch; undefined: kept for ever
   */
  async increment(pk: string, sk: string, expiresAt?: number): Promise<number> {
    const answer = await this.settings.client.send(
      new UpdateItemCommand({
        TableName: this.settings.tableName,
        Key: { pk: text(pk), sk: text(sk) },
        UpdateExpression: `ADD counted :one${expiresAt === undefined ? '' : ' SET expires_at = :end'}`,
        ExpressionAttributeValues: {
          ':one': { N: '1' },
          ...(expiresAt === undefined ? {} : { ':end': { N: String(expiresAt) } }),
        },
        ReturnValues: 'UPDATED_NEW',
      }),
    );
    return Number(answer.Attributes?.counted?.N);
  }

  async get(pk: string, sk: string): Promise<unknown> {
    const answer = await this.settings.client.send(
      new GetItemCommand({
        TableName: this.settings.tableName,
        Key: { pk: text(pk), sk: text(sk) },
        ConsistentRead: true,
      }),
    );
    return contentOf(answer.Item);
  }

  /** All items of a partition with this prefix of the sort key, in order; the read is consistent. */
  async partition(pk: string, prefix: string): Promise<readonly StoredItem[]> {
    return this.query({
      KeyConditionExpression: 'pk = :pk and begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':pk': text(pk), ':prefix': text(prefix) },
      ConsistentRead: true,
    });
  }

  /** The items of this list, latest place first, optionally only those before a place. */
  async latest(listed: string, limit: number, before: string | undefined): Promise<readonly StoredItem[]> {
    const isBefore = before === undefined ? '' : ' and listed_at < :before';
    const items = await this.query(
      {
        IndexName: this.settings.indexName,
        KeyConditionExpression: `listed = :listed${isBefore}`,
        ExpressionAttributeValues: {
          ':listed': text(listed),
          ...(before === undefined ? {} : { ':before': text(before) }),
        },
        ScanIndexForward: false,
        Limit: limit,
      },
      limit,
    );
    return items.slice(0, limit);
  }

  /** The items of this list with a place from `from` to `to`, both included, earliest first. */
  async between(listed: string, from: string, to: string, limit: number): Promise<readonly StoredItem[]> {
    const items = await this.query(
      {
        IndexName: this.settings.indexName,
        KeyConditionExpression: 'listed = :listed and listed_at between :from and :to',
        ExpressionAttributeValues: { ':listed': text(listed), ':from': text(from), ':to': text(to) },
        Limit: limit,
      },
      limit,
    );
    return items.slice(0, limit);
  }

  async count(listed: string): Promise<number> {
    let count = 0;
    for await (const page of this.pages({
      IndexName: this.settings.indexName,
      KeyConditionExpression: 'listed = :listed',
      ExpressionAttributeValues: { ':listed': text(listed) },
      Select: 'COUNT',
    })) {
      count += page.Count ?? 0;
    }
    return count;
  }

  private async query(input: Partial<QueryCommandInput>, enough = Number.POSITIVE_INFINITY) {
    const items: StoredItem[] = [];
    for await (const page of this.pages(input)) {
      items.push(...(page.Items ?? []).map(storedOf));
      if (items.length >= enough) break;
    }
    return items;
  }

  private async *pages(input: Partial<QueryCommandInput>) {
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await this.settings.client.send(
        new QueryCommand({ ...input, TableName: this.settings.tableName, ExclusiveStartKey }),
      );
      yield answer;
      ExclusiveStartKey = answer.LastEvaluatedKey;
      if (ExclusiveStartKey === undefined) return;
    }
    throw new Error(`the simulator's record is too long to be read: more than ${MAX_PAGES} MB`);
  }

  private putInput({ pk, sk, content, listing, expiresAt }: NewItem) {
    return {
      TableName: this.settings.tableName,
      Item: {
        pk: text(pk),
        sk: text(sk),
        content: text(JSON.stringify(content)),
        ...(listing === undefined ? {} : { listed: text(listing.listed), listed_at: text(listing.place) }),
        ...(expiresAt === undefined ? {} : { expires_at: { N: String(expiresAt) } }),
      },
    };
  }

  private async conditionally(command: PutItemCommand): Promise<boolean> {
    try {
      await this.settings.client.send(command);
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

function text(value: string): AttributeValue.SMember {
  return { S: value };
}

function storedOf(item: Record<string, AttributeValue>): StoredItem {
  return { sk: item.sk?.S ?? '', content: contentOf(item), place: item.listed_at?.S ?? '' };
}

function contentOf(item: Record<string, AttributeValue> | undefined): unknown {
  const content = item?.content?.S;
  return content === undefined ? undefined : JSON.parse(content);
}
