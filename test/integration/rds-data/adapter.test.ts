import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createDataApiDatabase,
  createRdsDataClient,
  translate,
} from '../../../adapters/database/data-api-database.ts';
import {
  AnswerTooLargeError,
  type Database,
  DatabaseError,
  DatabaseResumingError,
  DatabaseUnreachableError,
} from '../../../adapters/database/database.ts';
import { listen } from '../../../local/http-server.ts';
import type { RunningService } from '../../../local/service-request.ts';
import { DataApi, RESOURCE, SECRET } from '../../support/data-api.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let dataApi: DataApi;
let database: Database;

beforeAll(async () => {
  testDatabase = await createEmptyDatabase();
  dataApi = await DataApi.start(testDatabase);
  database = dataApi.database(testDatabase.name);
  await dataApi.execute('create table item (id int primary key)');
});
afterAll(async () => {
  await dataApi.close();
  await testDatabase.drop();
});

test('tells a database that resumes from an outage', async () => {
  dataApi.service.resumingFor(15_000);
  await expect(dataApi.execute('select 1')).rejects.toMatchObject({ name: 'DatabaseResumingException' });
  await expect(database.execute('select 1', {})).rejects.toBeInstanceOf(DatabaseResumingError);
  dataApi.clock.advance(15_000);
  await expect(database.execute('select 1 as one', {})).resolves.toEqual([{ one: 1 }]);
});

test('names SQLSTATE and constraint', async () => {
  await database.execute('insert into item (id) values (10)', {});
  await expect(database.execute('insert into item (id) values (10)', {})).rejects.toSatisfy(
    (error) =>
      error instanceof DatabaseError && error.sqlState === '23505' && error.constraint === 'item_pkey',
  );
});

describe('an answer that is too large', () => {
  test.each([
    ['as a whole', "select repeat('x', 60000) as x from generate_series(1, 20)"],
    ['in one row', "select repeat('x', 70000) as x"],
  ])('%s is known by the emulator’s own refusal', async (_what, sql) => {
    await expect(database.execute(sql, {})).rejects.toBeInstanceOf(AnswerTooLargeError);
  });

  test.each([
    ['UnsupportedResultException', 'The result exceeds the size limit 1 MB.'],
    ['UnsupportedResultException', 'in words that nobody has seen yet'],
    ['BadRequestException', 'Database returned more than the allowed response size limit'],
    ['BadRequestException', 'Database response exceeded size limit'],
  ])('is known as %s: %s', (name, message) => {
    expect(translate(Object.assign(new Error(message), { name }))).toBeInstanceOf(AnswerTooLargeError);
  });

  test.each([
    'The result contains the unsupported data type INTERVAL.',
    'The result contains a multidimensional array.',
  ])('is not what has the same class and says: %s', (message) => {
    const error = Object.assign(new Error(message), { name: 'UnsupportedResultException' });
    expect(translate(error)).toBeInstanceOf(DatabaseUnreachableError);
  });
});

describe('a service that stops answering', () => {
  let server: Server;
  let listening: RunningService;
  /** What it sends before it stops. */
  let beginning = '';

  beforeAll(async () => {
    server = createServer((_request, response) => {
      if (beginning === '') return;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(beginning);
    });
    listening = await listen(server, 0);
  });
  afterAll(() => {
    server.closeAllConnections();
    return listening.close();
  });

  test.each([
    ['before its answer', ''],
    ['within its answer', '{"numberOfRecordsUpdated":'],
  ])('%s is given up at the deadline of the statement', async (_when, begun) => {
    beginning = begun;
    const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
    const client = createRdsDataClient({ region: 'us-east-1', credentials, endpoint: listening.url });
    const options = { client, clusterArn: RESOURCE, secretArn: SECRET, databaseName: 'any', deadlineMs: 100 };
    await expect(createDataApiDatabase(options).execute('select 1', {})).rejects.toSatisfy(
      (error) => error instanceof DatabaseUnreachableError && error.message.includes('within 100 ms'),
    );
    client.destroy();
  });
});
