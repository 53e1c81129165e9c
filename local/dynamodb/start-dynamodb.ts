import { mkdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  ListTablesCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { PortTakenError } from '../http-server.ts';
import type { AccessRules } from '../iam/access-rules.ts';
import type { Grant } from '../iam/statement.ts';
import type { RequestObserver, RunningService } from '../service-request.ts';
import type { TableResource } from '../template/resources.ts';

export interface DynamoDbOptions {
  readonly port: number;
  readonly directory: string;
  readonly region: string;
  readonly tables: readonly TableResource[];
  readonly observer: RequestObserver;
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

type ThreadMessage =
  | { readonly kind: 'ready'; readonly url: string }
  | { readonly kind: 'failed'; readonly message: string; readonly port: number }
  | { readonly kind: 'request'; readonly action: string; readonly caller: string }
  | { readonly kind: 'used'; readonly grant: Grant }
  | { readonly kind: 'refused'; readonly line: string }
  | { readonly kind: 'closed' };

/** The runtime's own requests, which create the tables, are not counted. */
const OURSELVES = 'local-runtime';

/** DynamoDB, implemented by dynalite on LevelDB; creates the templates' missing tables. */
export async function startDynamoDb(options: DynamoDbOptions): Promise<RunningDynamoDb> {
  mkdirSync(options.directory, { recursive: true });
  const worker = new Worker(new URL('./dynamodb-thread.ts', import.meta.url), {
    workerData: { path: options.directory, port: options.port, rules: options.access?.rules },
  });
  const url = await new Promise<string>((resolve, reject) => {
    worker.once('error', reject);
    worker.on('message', (message: ThreadMessage) => {
      if (message.kind === 'ready') resolve(message.url);
      if (message.kind === 'failed') {
        const isTaken = message.message.startsWith('PortTakenError');
        reject(isTaken ? new PortTakenError(message.port) : new Error(message.message));
      }
      if (message.kind === 'request' && message.caller !== OURSELVES) {
        options.observer({ service: 'dynamodb', action: message.action, caller: message.caller });
      }
      if (message.kind === 'used') options.access?.onUsed(message.grant);
      if (message.kind === 'refused') options.access?.onRefused(message.line);
    });
  });
  await createTables(url, options);
  return {
    url,
    cpuMilliseconds: async () => {
      const { user, system } = await worker.cpuUsage();
      return (user + system) / 1000;
    },
    close: async () => {
      const closed = new Promise((resolve) =>
        worker.on('message', (message: ThreadMessage) => message.kind === 'closed' && resolve(undefined)),
      );
      worker.postMessage('close');
      await closed;
      await worker.terminate();
    },
  };
}

/** In seconds: a table is active only some time after its creation, as on AWS. */
const WAIT_LIMIT = { minDelay: 0.02, maxDelay: 0.2, maxWaitTime: 10 };

async function createTables(endpoint: string, { region, tables }: DynamoDbOptions): Promise<void> {
  const client = new DynamoDBClient({
    endpoint,
    region,
    credentials: { accessKeyId: OURSELVES, secretAccessKey: 'local' },
  });
  const known = new Set((await client.send(new ListTablesCommand({}))).TableNames);
  for (const table of tables) {
    if (known.has(table.name)) continue;
    await client.send(
      new CreateTableCommand({
        TableName: table.name,
        KeySchema: [...table.keySchema],
        AttributeDefinitions: [...table.attributeDefinitions],
        ...indexesOf(table),
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  }
  for (const { name } of tables) await waitUntilTableExists({ client, ...WAIT_LIMIT }, { TableName: name });
  client.destroy();
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
