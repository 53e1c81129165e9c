import { mkdirSync } from 'node:fs';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  ListTablesCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import type { AccessRules } from '../iam/access-rules.ts';
import type { Grant } from '../iam/statement.ts';
import type { Readiness } from '../readiness.ts';
import type { RequestObserver, RunningService } from '../service-request.ts';
import type { TableResource } from '../template/resources.ts';
import { KeptThread, type ThreadMessage } from './kept-thread.ts';

export interface DynamoDbOptions {
  readonly port: number;
  readonly directory: string;
  readonly region: string;
  readonly tables: readonly TableResource[];
  readonly observer: RequestObserver;
  /** Told when the tables can't be used, and when they can again. */
  readonly readiness: Pick<Readiness, 'fails' | 'works'>;
  /** The access rules, evaluated in the tables' thread; undefined: everything is allowed. */
  readonly access?: TableAccess;
}

export interface TableAccess {
  readonly rules: AccessRules;
  readonly onUsed: (grant: Grant) => void;
  readonly onRefused: (line: string) => void;
}

export interface RunningDynamoDb extends RunningService {
  cpuMilliseconds(): Promise<number>;
}

/** The runtime's own requests, which create the tables, are not counted. */
const OURSELVES = 'local-runtime';

/** DynamoDB, implemented by dynalite on LevelDB; creates the templates' missing tables. */
export async function startDynamoDb(options: DynamoDbOptions): Promise<RunningDynamoDb> {
  mkdirSync(options.directory, { recursive: true });
  const thread = await KeptThread.start({
    port: options.port,
    directory: options.directory,
    rules: options.access?.rules,
    onMessage: (message) => tell(message, options),
    tryTables: (url, stopped) => createTables(url, stopped, options),
    readiness: options.readiness,
  });
  return {
    url: thread.url,
    cpuMilliseconds: () => thread.cpuMilliseconds(),
    close: () => thread.close(),
  };
}

function tell(message: ThreadMessage, { observer, access }: DynamoDbOptions): void {
  if (message.kind === 'request' && message.caller !== OURSELVES)
    observer({ service: 'dynamodb', action: message.action, caller: message.caller });
  if (message.kind === 'used') access?.onUsed(message.grant);
  if (message.kind === 'refused') access?.onRefused(message.line);
}

/** In seconds: a table is active only some time after its creation, as on AWS. */
const WAIT_LIMIT = { minDelay: 0.02, maxDelay: 0.2, maxWaitTime: 10 };

/** Also shows that the store can be read. */
async function createTables(
  endpoint: string,
  abortSignal: AbortSignal,
  { region, tables }: DynamoDbOptions,
): Promise<void> {
  const credentials = { accessKeyId: OURSELVES, secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint, region, credentials });
  try {
    const known = new Set((await client.send(new ListTablesCommand({}), { abortSignal })).TableNames);
    for (const table of tables)
      if (!known.has(table.name)) await client.send(creationOf(table), { abortSignal });
    for (const { name } of tables)
      await waitUntilTableExists({ client, abortSignal, ...WAIT_LIMIT }, { TableName: name });
  } finally {
    client.destroy();
  }
}

function creationOf(table: TableResource): CreateTableCommand {
  return new CreateTableCommand({
    TableName: table.name,
    KeySchema: [...table.keySchema],
    AttributeDefinitions: [...table.attributeDefinitions],
    ...indexesOf(table),
    BillingMode: 'PAY_PER_REQUEST',
  });
}

/** The API refuses an empty list. */
function indexesOf({ indexes = [] }: TableResource): Pick<CreateTableCommandInput, 'GlobalSecondaryIndexes'> {
  if (indexes.length === 0) return {};
  return {
    GlobalSecondaryIndexes: indexes.map(({ name, keySchema }) => ({
      IndexName: name,
      KeySchema: [...keySchema],
      Projection: { ProjectionType: 'ALL' },
    })),
  };
}
