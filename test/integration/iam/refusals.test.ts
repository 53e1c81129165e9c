/** What a function's unmodified SDK sees where a grant is missing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import {
  ChangeMessageVisibilityBatchCommand,
  CreateQueueCommand,
  SendMessageBatchCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { systemClock } from '../../../local/clock.ts';
import { type RunningDynamoDb, startDynamoDb } from '../../../local/dynamodb/start-dynamodb.ts';
import { type RunningRdsData, startRdsData } from '../../../local/rds-data/start-rds-data.ts';
import { Readiness } from '../../../local/readiness.ts';
import { type RunningSqs, startSqs } from '../../../local/sqs/start-sqs.ts';
import { ACCOUNT, rulesOf, TestAccess, type TestPolicies } from '../../support/access.ts';

const REGION = 'us-east-1';
const QUEUE = `arn:aws:sqs:${REGION}:${ACCOUNT}:orders.fifo`;
const DEAD_LETTERS = `arn:aws:sqs:${REGION}:${ACCOUNT}:dead.fifo`;
const TABLE = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/seen`;
const CLUSTER = `arn:aws:rds:${REGION}:${ACCOUNT}:cluster:one`;
const SECRET = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:one`;
const KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/one`;
const WHO = `User: arn:aws:sts::${ACCOUNT}:assumed-role/WorkRole/work is not authorized to perform: `;

const allow = (Action: string, Resource: string) => ({ Effect: 'Allow', Action, Resource });

/** What the function may do, changed from test to test: the servers are the same. */
let policies: TestPolicies = {};
const access: { refuse: TestAccess['access']['refuse'] } = {
  refuse: (headers, needs) => new TestAccess(policies).access.refuse(headers, needs),
};
const refusals: string[] = [];

let directory = '';
let sqs: RunningSqs;
let rdsData: RunningRdsData;
let dynamodb: RunningDynamoDb;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-iam-'));
  const observer = () => {};
  sqs = await startSqs({
    port: 0,
    directory,
    clock: systemClock,
    accountId: ACCOUNT,
    region: REGION,
    access,
  });
  const postgres = new URL(inject('postgres').url);
  rdsData = await startRdsData({
    port: 0,
    clock: systemClock,
    cluster: {
      resourceArn: CLUSTER,
      host: postgres.hostname,
      port: Number(postgres.port),
      defaultDatabase: 'postgres',
      secrets: new Map([[SECRET, { user: postgres.username, password: postgres.password }]]),
    },
    access,
  });
  dynamodb = await startDynamoDb({
    port: 0,
    directory: join(directory, 'dynamodb'),
    region: REGION,
    tables: [
      {
        logicalId: 'Seen',
        name: 'seen',
        keySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        attributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      },
    ],
    observer,
    readiness: new Readiness(observer),
    access: {
      rules: rulesOf({ identity: [allow('dynamodb:GetItem', TABLE)] }),
      onUsed: () => {},
      onRefused: (line) => refusals.push(line),
    },
  });
  const queueAttributes = { FifoQueue: 'true', ContentBasedDeduplication: 'true' };
  const administrator = sqsClient('developer');
  await administrator.send(new CreateQueueCommand({ QueueName: 'dead.fifo', Attributes: queueAttributes }));
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: DEAD_LETTERS, maxReceiveCount: 3 });
  await administrator.send(
    new CreateQueueCommand({ QueueName: 'orders.fifo', Attributes: { ...queueAttributes, RedrivePolicy } }),
  );
});

afterAll(async () => {
  await Promise.all([sqs.close(), rdsData.close(), dynamodb.close()]);
  rmSync(directory, { recursive: true, force: true });
});

const credentialsOf = (accessKeyId: string) => ({ accessKeyId, secretAccessKey: 'local' });

function sqsClient(accessKeyId = 'Work'): SQSClient {
  return new SQSClient({ endpoint: sqs.url, region: REGION, credentials: credentialsOf(accessKeyId) });
}

function send(client = sqsClient()) {
  return client.send(
    new SendMessageBatchCommand({
      QueueUrl: sqs.urlOf('orders.fifo'),
      Entries: [{ Id: 'one', MessageBody: 'one', MessageGroupId: 'group' }],
    }),
  );
}

describe('SQS', () => {
  test('carries out a batch that the single action’s grant allows', async () => {
    policies = { identity: [allow('sqs:SendMessage', QUEUE)] };

    expect((await send()).Successful).toHaveLength(1);
  });

  test('refuses it without the grant with a 403 AccessDenied that names role, action and queue', async () => {
    policies = { identity: [allow('sqs:ReceiveMessage', QUEUE)] };

    await expect(send()).rejects.toMatchObject({
      name: 'AccessDenied',
      message: `${WHO}sqs:sendmessage on resource: ${QUEUE} because no identity-based policy allows the sqs:sendmessage action`,
      $metadata: { httpStatusCode: 403 },
    });
  });

  test('serves an administrator whatever the function’s grants', async () => {
    policies = {};

    expect((await send(sqsClient('developer'))).Failed).toBeUndefined();
  });

  test('requires the single action’s grant for a batch of visibilities', async () => {
    policies = {};
    const change = new ChangeMessageVisibilityBatchCommand({
      QueueUrl: sqs.urlOf('orders.fifo'),
      Entries: [{ Id: 'one', ReceiptHandle: 'x', VisibilityTimeout: 1 }],
    });

    await expect(sqsClient().send(change)).rejects.toThrow(
      `sqs:changemessagevisibility on resource: ${QUEUE}`,
    );
  });

  test.each([
    ['sqs:StartMessageMoveTask', DEAD_LETTERS],
    ['sqs:ReceiveMessage', DEAD_LETTERS],
    ['sqs:DeleteMessage', DEAD_LETTERS],
    ['sqs:GetQueueAttributes', DEAD_LETTERS],
    ['sqs:SendMessage', QUEUE],
  ])('moves messages only for a principal that may %s', async (missing, resource) => {
    const all = ['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes']
      .map((action) => allow(`sqs:${action}`, DEAD_LETTERS))
      .concat(allow('sqs:SendMessage', QUEUE));
    policies = { identity: all.filter(({ Action }) => Action !== missing) };
    const move = new StartMessageMoveTaskCommand({ SourceArn: DEAD_LETTERS, DestinationArn: QUEUE });

    await expect(sqsClient().send(move)).rejects.toThrow(`${missing.toLowerCase()} on resource: ${resource}`);
  });

  test('refuses an encrypted queue to a principal that may not use its key', async () => {
    policies = { identity: [allow('sqs:SendMessage', QUEUE)], keys: { [QUEUE]: KEY } };

    await expect(send()).rejects.toMatchObject({
      name: 'KmsAccessDenied',
      message: expect.stringContaining(`kms:GenerateDataKey on resource: ${KEY}`),
    });
  });
});

describe('the Data API', () => {
  const run = () =>
    new RDSDataClient({ endpoint: rdsData.url, region: REGION, credentials: credentialsOf('Work') }).send(
      new ExecuteStatementCommand({ resourceArn: CLUSTER, secretArn: SECRET, sql: 'select 1 as one' }),
    );
  const both = [allow('rds-data:ExecuteStatement', CLUSTER), allow('secretsmanager:GetSecretValue', SECRET)];

  test('runs a statement for a principal that may run it and read the secret', async () => {
    policies = { identity: both };

    expect((await run()).records).toEqual([[{ longValue: 1 }]]);
  });

  test.each([
    ['rds-data:ExecuteStatement', CLUSTER],
    ['secretsmanager:GetSecretValue', SECRET],
  ])('refuses it without %s', async (missing, resource) => {
    policies = { identity: both.filter(({ Action }) => Action !== missing) };

    await expect(run()).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`${WHO}${missing} on resource: ${resource} because`),
    });
  });
});

describe('DynamoDB', () => {
  const put = (accessKeyId: string) =>
    new DynamoDBClient({
      endpoint: dynamodb.url,
      region: REGION,
      credentials: credentialsOf(accessKeyId),
    }).send(new PutItemCommand({ TableName: 'seen', Item: { pk: { S: 'one' } } }));

  test('refuses a write to a principal that may only read, and logs it in one line', async () => {
    await expect(put('Work')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `${WHO}dynamodb:PutItem on resource: ${TABLE} because no identity-based policy allows the dynamodb:PutItem action`,
      $metadata: { httpStatusCode: 400 },
    });
    await expect
      .poll(() => refusals)
      .toEqual([expect.stringMatching(/^work .* lacks the grant dynamodb:PutItem on .*table\/seen$/)]);
  });

  test('serves an administrator', async () => {
    expect((await put('developer')).$metadata.httpStatusCode).toBe(200);
  });
});
