import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateApiKey } from '../../../adapters/api-key.ts';
import type { Database } from '../../../adapters/database/database.ts';
import {
  addApiKey,
  createMerchant,
  listApiKeys,
  revokeApiKey,
} from '../../../adapters/database/statements/operate-keys.ts';
import { listOperations } from '../../../adapters/database/statements/operation-log.ts';
import { authorizeMerchant } from '../../../lambdas/authorize-merchant/authorize.ts';
import { moveClock } from '../../support/payments.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let testDatabase: TestDatabase;
let database: Database;
const OPERATOR = { actor: 'ann', reason: 'a test', origin: 'here' };
let merchants = 0;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.database;
});
afterAll(() => testDatabase.drop());

async function newMerchant(): Promise<string> {
  merchants += 1;
  const merchantId = `mer_${merchants}`;
  await createMerchant(database, { merchantId, merchantName: 'A shop' }, OPERATOR);
  return merchantId;
}

async function add(merchantId: string, key = generateApiKey('test')) {
  const creation = await addApiKey(database, { ...key, merchantId }, OPERATOR);
  return { ...key, creation };
}

const authorize = (text: string, mode: 'live' | 'test' = 'test') =>
  authorizeMerchant([`Bearer ${text}`], mode, database);

describe('a merchant’s keys', () => {
  test('are two at most while they are valid; a third waits for a revocation', async () => {
    const merchantId = await newMerchant();
    const first = await add(merchantId);
    const second = await add(merchantId);
    expect((await add(merchantId)).creation).toBe('two_are_valid');
    expect(await authorize(first.text)).toMatchObject({ merchantId });
    expect(await authorize(second.text)).toMatchObject({ merchantId });

    expect(await revokeApiKey(database, first.apiKeyId, OPERATOR)).toBe(merchantId);

    expect(await authorize(first.text)).toBeUndefined();
    expect((await add(merchantId)).creation).toBe('created');
    expect(await revokeApiKey(database, first.apiKeyId, OPERATOR)).toBeUndefined();
  });

  test('stay two when ten operators add one at once', async () => {
    const merchantId = await newMerchant();
    const added = await Promise.all(Array.from({ length: 10 }, () => add(merchantId)));
    expect(added.filter(({ creation }) => creation === 'created')).toHaveLength(2);
    expect(await listApiKeys(database, { merchantId, revokedToo: true, limit: 20 })).toHaveLength(2);
  });

  test('are added once, though the statement is replayed', async () => {
    const merchantId = await newMerchant();
    const key = generateApiKey('test');
    expect((await add(merchantId, key)).creation).toBe('created');
    await add(merchantId);
    expect((await add(merchantId, key)).creation).toBe('created');
  });

  test('belong to a merchant that exists', async () => {
    expect((await add('mer_nobody')).creation).toBe('no_such_merchant');
  });

  test('are logged on creation and revocation, with operator, origin and reason', async () => {
    const { apiKeyId } = await add(await newMerchant());
    await revokeApiKey(database, apiKeyId, OPERATOR);
    const log = await listOperations(database, { subject: `key:${apiKeyId}`, limit: 10 });
    expect(log).toMatchObject([
      { action: 'key_revoked', actor: 'ann', origin: 'here', reason: 'a test' },
      { action: 'key_created', actor: 'ann', origin: 'here', reason: 'a test' },
    ]);
  });
});

describe('a key', () => {
  test('of another mode, with a wrong secret or unknown is refused', async () => {
    const { text, apiKeyId } = await add(await newMerchant());
    expect(await authorize(text, 'live')).toBeUndefined();
    expect(await authorize(generateApiKey('test').text)).toBeUndefined();
    const other = generateApiKey('test').text.replace(/_[0-9a-f]{16}_/, `_${apiKeyId}_`);
    expect(await authorize(other)).toBeUndefined();
  });

  test('is marked as used at most once an hour, and only by its secret', async () => {
    const merchantId = await newMerchant();
    const { text } = await add(merchantId);
    const lastUsed = async () => {
      const [row] = await database.execute(
        `select last_used_at::text as at from api_key where merchant_id = :input::jsonb ->> 'id'`,
        { id: merchantId },
      );
      return row?.at;
    };
    expect(await lastUsed()).toBeNull();
    await authorize(text);
    const first = await lastUsed();
    await authorize(text);
    expect(await lastUsed()).toBe(first);

    await moveClock(database, 3_700);
    await authorize(text);
    expect(await lastUsed()).not.toBe(first);
    await moveClock(database, 0);
  });
});
