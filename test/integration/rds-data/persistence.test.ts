import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  RDSDataClient,
} from '@aws-sdk/client-rds-data';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const TARGET = { resourceArn: 'arn:cluster', secretArn: 'arn:secret', database: 'oncepay' };

let directory: string;
let child: ChildProcess;
let postgresPid: number;
let client: RDSDataClient;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'oncepay-rds-data-'));
  await start();
});
afterEach(async () => {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.send('stop');
  await ended;
  client.destroy();
  rmSync(directory, { recursive: true, force: true });
});

async function start(): Promise<void> {
  child = fork(fileURLToPath(new URL('../../support/rds-data-process.ts', import.meta.url)), [directory]);
  const said = await new Promise<{ url: string; postgresPid: number }>((resolve) => {
    child.once('message', (message: { url: string; postgresPid: number }) => resolve(message));
  });
  postgresPid = said.postgresPid;
  client = new RDSDataClient({
    endpoint: said.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    maxAttempts: 1,
  });
}

async function kill(): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  client.destroy();
}

const execute = (sql: string, transactionId?: string) =>
  client.send(
    new ExecuteStatementCommand({
      ...TARGET,
      sql,
      ...(transactionId === undefined ? {} : { transactionId }),
    }),
  );

async function ids(): Promise<readonly (number | undefined)[]> {
  const { records = [] } = await execute('select id from item order by id');
  return records.map(([field]) => field?.longValue);
}

describe('after a kill -9', () => {
  test.each([
    ['of the Data API, while its PostgreSQL lives on', false],
    ['of both', true],
  ])('%s, all that was committed is there, and nothing that was not', async (_name, withPostgres) => {
    await execute('create table item (id int primary key)');
    for (let id = 1; id <= 20; id += 1) await execute(`insert into item values (${id})`);
    const { transactionId = '' } = await client.send(new BeginTransactionCommand(TARGET));
    await execute('insert into item values (100)', transactionId);
    if (withPostgres) process.kill(postgresPid, 'SIGKILL');
    await kill();

    await start();

    expect(await ids()).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    await expect(
      client.send(new CommitTransactionCommand({ ...TARGET, transactionId })),
    ).rejects.toMatchObject({ name: 'TransactionNotFoundException' });
  });
});
