import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { SimulatorTable } from '../../adapters/dynamodb/simulator/simulator-table.ts';

/** In seconds: a table is there a moment after it was made, as on AWS. */
const WAIT_LIMIT = { minDelay: 0.02, maxDelay: 0.2, maxWaitTime: 10 };

let tables = 0;
let starting: Promise<DynamoDBClient> | undefined;

/** A table of its own, in a DynamoDB that the tests of a file share; both go with the process. */
export async function createSimulatorTable(): Promise<{
  readonly client: DynamoDBClient;
  readonly table: SimulatorTable;
}> {
  starting ??= startDynalite();
  const client = await starting;
  tables += 1;
  const tableName = `simulator-${tables}`;
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: ['pk', 'sk', 'listed', 'listed_at'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-listing',
          KeySchema: [
            { AttributeName: 'listed', KeyType: 'HASH' },
            { AttributeName: 'listed_at', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await waitUntilTableExists({ client, ...WAIT_LIMIT }, { TableName: tableName });
  return { client, table: new SimulatorTable({ client, tableName, indexName: 'by-listing' }) };
}

async function startDynalite(): Promise<DynamoDBClient> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}
