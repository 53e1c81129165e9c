import {
  BatchExecuteStatementCommand,
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteSqlCommand,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  RDSDataClient,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDataApiDatabase } from '../../../adapters/database/data-api-database.ts';
import { DatabaseError, DatabaseResumingError } from '../../../adapters/database/database.ts';
import { VirtualClock } from '../../../local/clock.ts';
import { type RunningRdsData, startRdsData } from '../../../local/rds-data/start-rds-data.ts';
import type { ServiceRequest } from '../../../local/service-request.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

const RESOURCE = 'arn:aws:rds:us-east-1:000000000000:cluster:test';
const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:test';

const CLIENT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'SomeFunction', secretAccessKey: 'x' },
  maxAttempts: 1,
};

const clock = new VirtualClock(1_000);
const requests: ServiceRequest[] = [];
let testDatabase: TestDatabase;
let service: RunningRdsData;
let client: RDSDataClient;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const url = new URL(testDatabase.url);
  service = await startRdsData({
    port: 0,
    clock,
    cluster: {
      resourceArn: RESOURCE,
      host: url.hostname,
      port: Number(url.port),
      defaultDatabase: testDatabase.name,
      secrets: new Map([[SECRET, { user: url.username, password: url.password }]]),
    },
    observer: (request) => requests.push(request),
  });
  client = new RDSDataClient({ ...CLIENT, endpoint: service.url });
  await execute({ sql: 'create table item (id int primary key, note text, amount bigint, doc jsonb)' });
});
afterAll(async () => {
  client.destroy();
  await service.close();
  await testDatabase.drop();
});

const TARGET = { resourceArn: RESOURCE, secretArn: SECRET };

function execute(input: Omit<ExecuteStatementCommandInput, 'resourceArn' | 'secretArn'>) {
  return client.send(new ExecuteStatementCommand({ ...TARGET, ...input }));
}

function text(
  name: string,
  stringValue: string,
  typeHint?: 'UUID' | 'TIMESTAMP' | 'DATE' | 'JSON' | 'DECIMAL' | 'TIME',
) {
  return { name, value: { stringValue }, ...(typeHint === undefined ? {} : { typeHint }) };
}

describe('parameters', () => {
  test('are found by name, but not in strings, quoted names, comments, dollar quotes or casts', async () => {
    const { records } = await execute({
      sql: `select :a::text || ':a' || $$:a$$ || e'\\':a' as ":a" /* :a */ -- :a`,
      parameters: [text('a', 'x')],
    });
    expect(records).toEqual([[{ stringValue: `x:a:a':a` }]]);
  });

  test.each([
    ['a missing one', { sql: 'select :a, :b', parameters: [text('a', 'x')] }, /b/],
    ['one that is not used', { sql: 'select 1', parameters: [text('a', 'x')] }, /a/],
    [
      'an array',
      { sql: 'select :a', parameters: [{ name: 'a', value: { arrayValue: { stringValues: ['x'] } } }] },
      /[Aa]rray/,
    ],
    [
      'a time stamp in another form',
      { sql: 'select :a', parameters: [text('a', '2026-01-01T00:00:00Z', 'TIMESTAMP')] },
      /TIMESTAMP/,
    ],
    ['a UUID that is none', { sql: 'select :a', parameters: [text('a', 'nope', 'UUID')] }, /UUID/],
    ['a schema', { sql: 'select 1', schema: 'public' }, /schema/],
  ])('%s is refused by name', async (_what, input, message) => {
    await expect(execute(input)).rejects.toMatchObject({
      name: 'BadRequestException',
      message: expect.stringMatching(message),
    });
  });

  test('are typed by their hint', async () => {
    const { records } = await execute({
      sql: `select pg_typeof(:d)::text, pg_typeof(:j)::text, pg_typeof(:n)::text, pg_typeof(:s)::text, pg_typeof(:l)::text, :z::text is null`,
      parameters: [
        text('d', '2026-01-01', 'DATE'),
        text('j', '{}', 'JSON'),
        text('n', '1.5', 'DECIMAL'),
        text('s', 'x'),
        { name: 'l', value: { longValue: 1 } },
        { name: 'z', value: { isNull: true } },
      ],
    });
    expect(records?.[0]?.map((field) => field.stringValue ?? field.booleanValue)).toEqual([
      'date',
      'jsonb',
      'numeric',
      'character varying',
      'bigint',
      true,
    ]);
  });

  test('a string is not silently taken for another type', async () => {
    await expect(
      execute({ sql: 'insert into item (id, doc) values (99, :doc)', parameters: [text('doc', '{}')] }),
    ).rejects.toMatchObject({
      name: 'DatabaseErrorException',
      message: expect.stringContaining('SQLState: 42804'),
    });
  });
});

describe('results', () => {
  test('come as typed fields', async () => {
    const { records, columnMetadata } = await execute({
      sql: `select 1::int as i, true as b, 1.5::float8 as f, 1.50::numeric as n, 'x'::text as t, null::text as nothing,
              timestamptz '2026-01-02 03:04:05.678+00' as at, array['a','b,c'] as list, '\\x00ff'::bytea as bytes`,
      includeResultMetadata: true,
    });
    expect(records?.[0]).toEqual([
      { longValue: 1 },
      { booleanValue: true },
      { doubleValue: 1.5 },
      { stringValue: '1.50' },
      { stringValue: 'x' },
      { isNull: true },
      { stringValue: '2026-01-02 03:04:05.678' },
      { arrayValue: { stringValues: ['a', 'b,c'] } },
      { blobValue: new Uint8Array([0, 255]) },
    ]);
    expect(columnMetadata?.map((column) => column.typeName).slice(0, 2)).toEqual(['int4', 'bool']);
  });

  test('a long past 2^53 loses digits on its way, and text keeps them', async () => {
    const { records } = await execute({ sql: 'select 9007199254740993 as n, 9007199254740993::text as t' });
    expect(records?.[0]).toEqual([{ longValue: 9007199254740992 }, { stringValue: '9007199254740993' }]);
  });

  test('can come as JSON text', async () => {
    const { formattedRecords, records } = await execute({
      sql: `select 1 as one, null::text as nothing, '{"a":1}'::jsonb as doc, false as no`,
      formatRecordsAs: 'JSON',
    });
    expect(records).toBeUndefined();
    expect(JSON.parse(formattedRecords ?? '')).toEqual([
      { one: 1, nothing: null, doc: '{"a": 1}', no: false },
    ]);
  });

  test('a write says how many rows it changed', async () => {
    const { numberOfRecordsUpdated } = await execute({
      sql: "insert into item (id, note) values (1, 'a'), (2, 'b')",
    });
    expect(numberOfRecordsUpdated).toBe(2);
  });

  test('of more than 1 MiB are refused', async () => {
    await expect(
      execute({ sql: "select repeat('x', 60000) from generate_series(1, 20)" }),
    ).rejects.toMatchObject({
      name: 'BadRequestException',
      message: expect.stringContaining('response size limit'),
    });
  });

  test('with a row of more than 64 KB are refused', async () => {
    await expect(execute({ sql: "select repeat('x', 70000)" })).rejects.toMatchObject({
      name: 'BadRequestException',
    });
  });
});

describe('errors', () => {
  test('carry the SQLSTATE in their text', async () => {
    await execute({ sql: 'insert into item (id) values (10)' });
    await expect(execute({ sql: 'insert into item (id) values (10)' })).rejects.toMatchObject({
      name: 'DatabaseErrorException',
      message: expect.stringMatching(/^ERROR: .*item_pkey.*; SQLState: 23505$/),
    });
  });

  test('several statements in one call are refused', async () => {
    await expect(execute({ sql: 'select 1; select 2' })).rejects.toMatchObject({
      name: 'BadRequestException',
      message: "Multistatements aren't supported.",
    });
  });

  test('a wrong secret and a wrong cluster are refused', async () => {
    const wrong = { resourceArn: RESOURCE, secretArn: `${SECRET}x`, sql: 'select 1' };
    await expect(client.send(new ExecuteStatementCommand(wrong))).rejects.toMatchObject({
      name: 'BadRequestException',
    });
    await expect(
      client.send(new ExecuteStatementCommand({ ...wrong, secretArn: SECRET, resourceArn: 'arn:x' })),
    ).rejects.toMatchObject({ name: 'BadRequestException' });
  });

  test('an action that isn’t done here is refused by name', async () => {
    await expect(
      client.send(
        new ExecuteSqlCommand({
          awsSecretStoreArn: SECRET,
          dbClusterOrInstanceArn: RESOURCE,
          sqlStatements: 'x',
        }),
      ),
    ).rejects.toMatchObject({ message: expect.stringContaining('/ExecuteSql') });
  });

  test('a request of more than 4 MiB is refused', async () => {
    await expect(
      execute({ sql: 'select length(:a)', parameters: [text('a', 'x'.repeat(4 * 1024 * 1024))] }),
    ).rejects.toMatchObject({ name: 'BadRequestException', message: expect.stringContaining('4 MiB') });
  });

  test('while Aurora resumes every call says so, and the adapter knows it from an outage', async () => {
    service.resumingFor(15_000);
    const database = createDataApiDatabase({
      client,
      clusterArn: RESOURCE,
      secretArn: SECRET,
      databaseName: testDatabase.name,
    });
    await expect(execute({ sql: 'select 1' })).rejects.toMatchObject({ name: 'DatabaseResumingException' });
    await expect(database.execute('select 1', {})).rejects.toBeInstanceOf(DatabaseResumingError);
    clock.advance(15_000);
    await expect(database.execute('select 1 as one', {})).resolves.toEqual([{ one: 1 }]);
  });

  test('the adapter names SQLSTATE and constraint', async () => {
    const database = createDataApiDatabase({
      client,
      clusterArn: RESOURCE,
      secretArn: SECRET,
      databaseName: testDatabase.name,
    });
    await expect(database.execute('insert into item (id) values (10)', {})).rejects.toSatisfy(
      (error) =>
        error instanceof DatabaseError && error.sqlState === '23505' && error.constraint === 'item_pkey',
    );
  });
});

describe('transactions', () => {
  const begin = async () => {
    const { transactionId } = await client.send(new BeginTransactionCommand(TARGET));
    if (transactionId === undefined) throw new Error('a transaction has an id');
    return transactionId;
  };
  const rows = async (id: number) =>
    (await execute({ sql: `select id from item where id = ${id}` })).records?.length;

  test('are seen by others only once committed', async () => {
    const transactionId = await begin();
    await execute({ sql: 'insert into item (id) values (20)', transactionId });
    expect(await rows(20)).toBe(0);
    const { transactionStatus } = await client.send(
      new CommitTransactionCommand({ ...TARGET, transactionId }),
    );
    expect(transactionStatus).toBe('Transaction Committed');
    expect(await rows(20)).toBe(1);
  });

  test('leave nothing behind when rolled back', async () => {
    const transactionId = await begin();
    await execute({ sql: 'insert into item (id) values (21)', transactionId });
    await client.send(new RollbackTransactionCommand({ ...TARGET, transactionId }));
    expect(await rows(21)).toBe(0);
  });

  test('die after three idle minutes', async () => {
    const transactionId = await begin();
    await execute({ sql: 'insert into item (id) values (22)', transactionId });
    clock.advance(2 * 60_000);
    await execute({ sql: 'select 1', transactionId });
    clock.advance(2 * 60_000);
    await execute({ sql: 'select 1', transactionId });
    clock.advance(3 * 60_000);
    await expect(execute({ sql: 'select 1', transactionId })).rejects.toMatchObject({
      name: 'TransactionNotFoundException',
    });
    expect(await rows(22)).toBe(0);
  });

  test('take one call at a time', async () => {
    const transactionId = await begin();
    const both = await Promise.allSettled([
      execute({ sql: 'select pg_sleep(0.2)::text', transactionId }),
      execute({ sql: 'select 1', transactionId }),
    ]);
    expect(both.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    await client.send(new RollbackTransactionCommand({ ...TARGET, transactionId }));
  });
});

describe('a call without a transaction', () => {
  const textOf = async (sql: string) => (await execute({ sql })).records?.[0]?.[0]?.stringValue;

  test('leaves nothing open: what is begun in it ends with it', async () => {
    for (let calls = 0; calls < 3; calls += 1) await execute({ sql: 'begin' });
    await execute({ sql: 'insert into item (id) values (40)' });
    expect(await textOf('select txid_status(xmin::text::bigint) from item where id = 40')).toBe('committed');
  });

  test.each([
    'set application_name = $$mine$$',
    "select set_config('application_name', 'mine', false)",
    "do 'begin set application_name = mine; end'",
  ])('changes nothing for the next: %s', async (sql) => {
    await execute({ sql });
    expect(await textOf('show application_name')).not.toBe('mine');
  });
});

describe('a statement that runs for 45 s', () => {
  const sleep = (continueAfterTimeout: boolean) =>
    execute({ sql: 'select pg_sleep(60)::text', continueAfterTimeout });

  test('is answered with a time-out, and cancelled', async () => {
    const sleeping = sleep(false);
    sleeping.catch(() => {});
    await expect.poll(sleepers).toBe(1);
    clock.advance(45_000);
    await expect(sleeping).rejects.toMatchObject({ name: 'StatementTimeoutException' });
    await expect.poll(sleepers).toBe(0);
  });

  test('goes on after it where the caller said so', async () => {
    const sleeping = sleep(true);
    sleeping.catch(() => {});
    await expect.poll(sleepers).toBe(1);
    clock.advance(45_000);
    await expect(sleeping).rejects.toMatchObject({ name: 'StatementTimeoutException' });
    expect(await sleepers()).toBe(1);
    await execute({
      sql: "select pg_cancel_backend(pid) from pg_stat_activity where query like 'select pg_sleep(60)%'",
    });
    await expect.poll(sleepers).toBe(0);
  });
});

test('the service closes at once, whatever still runs', async () => {
  const url = new URL(testDatabase.url);
  const secrets = new Map([[SECRET, { user: url.username, password: url.password }]]);
  const address = { host: url.hostname, port: Number(url.port), defaultDatabase: testDatabase.name };
  const short = await startRdsData({
    port: 0,
    clock,
    cluster: { resourceArn: RESOURCE, secrets, ...address },
  });
  const itsClient = new RDSDataClient({ ...CLIENT, endpoint: short.url });
  const sleeping = itsClient.send(
    new ExecuteStatementCommand({ ...TARGET, sql: 'select pg_sleep(60)::text' }),
  );
  sleeping.catch(() => {});
  await expect.poll(() => sleepers()).toBe(1);
  await short.close();
  await expect(sleeping).rejects.toThrow();
  itsClient.destroy();
});

async function sleepers() {
  const sql =
    "select count(*) from pg_stat_activity where state = 'active' and query like 'select pg_sleep(60)%'";
  return (await execute({ sql })).records?.[0]?.[0]?.longValue;
}

describe('a batch', () => {
  test('is all or nothing, and returns neither rows nor counts', async () => {
    const insert = (ids: readonly number[]) =>
      client.send(
        new BatchExecuteStatementCommand({
          ...TARGET,
          sql: 'insert into item (id) values (:id)',
          parameterSets: ids.map((longValue) => [{ name: 'id', value: { longValue } }]),
        }),
      );
    const { updateResults } = await insert([30, 31]);
    expect(updateResults).toEqual([{ generatedFields: [] }, { generatedFields: [] }]);
    await expect(insert([32, 30])).rejects.toMatchObject({ name: 'DatabaseErrorException' });
    const { records } = await execute({ sql: 'select id from item where id = 32' });
    expect(records).toEqual([]);
  });
});

test('every request is counted with its caller', async () => {
  requests.length = 0;
  await execute({ sql: 'select 1' });
  await expect
    .poll(() => requests)
    .toEqual([{ service: 'rds-data', action: 'ExecuteStatement', caller: 'SomeFunction' }]);
});
