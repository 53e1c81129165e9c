import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunningDynamoDb, startDynamoDb } from '../../../local/dynamodb/start-dynamodb.ts';
import { Readiness } from '../../../local/readiness.ts';

/** Of one item; LevelDB begins another file after 4 MB. */
const ITEM_BYTES = 390_000;
const ITEMS = 12;

let place = '';
let directory = '';
let dynamodb: RunningDynamoDb;
let client: DynamoDBClient;
/** What the runtime says, line by line; each wakes who waits. */
let said: string[] = [];
let onLine = () => {};
let readiness: Readiness;

beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), 'oncepay-dynamodb-'));
  directory = join(place, 'dynamodb');
  said = [];
  readiness = new Readiness((line) => {
    said.push(line);
    onLine();
  });
  dynamodb = await startDynamoDb({
    port: 0,
    directory,
    region: 'us-east-1',
    tables: [
      {
        logicalId: 'Seen',
        name: 'seen',
        keySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        attributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      },
    ],
    observer: () => {},
    readiness,
  });
  const credentials = { accessKeyId: 'SomeFunction', secretAccessKey: 'x' };
  client = new DynamoDBClient({ endpoint: dynamodb.url, region: 'us-east-1', credentials, maxAttempts: 1 });
});
afterEach(async () => {
  client.destroy();
  await dynamodb.close();
  rmSync(place, { recursive: true, force: true });
});

const put = (pk: string, bytes = 1) =>
  client.send(
    new PutItemCommand({ TableName: 'seen', Item: { pk: { S: pk }, text: { S: 'x'.repeat(bytes) } } }),
  );

async function isKept(pk: string): Promise<boolean> {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: 'seen', Key: { pk: { S: pk } }, ConsistentRead: true }),
  );
  return Item !== undefined;
}

function saying(pattern: RegExp): Promise<void> {
  return new Promise((resolve) => {
    onLine = () => {
      if (said.some((line) => pattern.test(line))) resolve();
    };
    onLine();
  });
}

/** As with a full disk, the store can begin no new file: what it has open stays writable. */
async function failStore(): Promise<void> {
  renameSync(directory, `${directory}-away`);
  writeFileSync(directory, '');
  await expect(
    (async () => {
      for (let item = 0; item < ITEMS; item += 1) await put(`large-${item}`, ITEM_BYTES);
    })(),
  ).rejects.toThrow();
}

function mendStore(): void {
  rmSync(directory);
  renameSync(`${directory}-away`, directory);
}

test('tables whose store can’t be written serve again, with their data, once it can; meanwhile the runtime is not ready', async () => {
  await put('early');

  await failStore();
  await saying(/^DynamoDB: its thread ended/);
  expect(readiness.list()).toEqual([
    expect.stringContaining(`if the disk of ${directory} is full, make room`),
  ]);
  await expect(put('meanwhile')).rejects.toThrow();
  mendStore();
  await saying(/^DynamoDB: works again/);

  expect(readiness.list()).toEqual([]);
  expect(await isKept('early')).toBe(true);
  await put('late');
  expect(await isKept('late')).toBe(true);
});

test('tables whose store can’t be written are stopped like others', async () => {
  await failStore();
  await saying(/^DynamoDB: its thread ended/);

  await expect(dynamodb.close()).resolves.toBeUndefined();
});
