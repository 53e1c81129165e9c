import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../adapters/database/database.ts';
import { closePoison, readPoison, releasePoison } from '../../../adapters/database/statements/quarantine.ts';
import { poisonIdOf, registerPoison } from '../../../adapters/database/statements/register-poison.ts';
import { DataApi } from '../../support/data-api.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

const ANN = { actor: 'ann', reason: 'a test', origin: 'here' };
/** A row of the Data API holds 64 KB. */
const LARGE = '0123456789'.repeat(20_000);

let testDatabase: TestDatabase;
let dataApi: DataApi;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  dataApi = await DataApi.start(testDatabase);
  database = dataApi.database(testDatabase.name);
});
afterAll(async () => {
  await dataApi.close();
  await testDatabase.drop();
});

/** @returns its id */
async function register(body: string): Promise<string> {
  await registerPoison(database, [{ body, messageId: `message of ${poisonIdOf(body)}`, reason: 'a test' }]);
  return poisonIdOf(body);
}

describe('a poisoned body', () => {
  test.each([
    ['that looks like bytes in hexadecimal', '\\x6869'],
    ['with what text may not hold', 'nul \u0000, \u{1f4a3}, \u2019 and a line\r\n\tbreak'],
    ['of nothing', ''],
    ['of one whole chunk', 'x'.repeat(40_000)],
    ['of 200 KB', LARGE],
    ['whose characters fall across chunks', '\u{1f4a3}x'.repeat(30_000)],
    ['of 1 MiB, the largest message', 'y'.repeat(1024 * 1024)],
  ])('%s is read as it was', async (_what, body) => {
    const id = await register(body);
    expect((await readPoison(database, id))?.equals(Buffer.from(body))).toBe(true);
  });

  test('that does not exist is reported as such', async () => {
    expect(await readPoison(database, poisonIdOf('never registered'))).toBeUndefined();
  });

  test('of 200 KB is closed, and the caller gets the result', async () => {
    const id = await register(`${LARGE} to close`);
    expect(await closePoison(database, id, ANN)).toBe(true);
    expect(await readPoison(database, id)).toBeUndefined();
  });

  test('of 200 KB is recorded as released, and the caller gets the result', async () => {
    const id = await register(`${LARGE} to release`);
    expect(await releasePoison(database, id, ANN)).toBe(true);
    expect(await releasePoison(database, id, ANN)).toBe(false);
  });
});
