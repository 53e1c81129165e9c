import { describe, expect, test } from 'vitest';
import { generateApiKey } from '../../../adapters/api-key.ts';
import type { Database } from '../../../adapters/database/database.ts';
import { authorizeMerchant } from '../../../lambdas/authorize-merchant/authorize.ts';
import { headerOf, headerValuesOf } from '../../../lambdas/middleware/headers.ts';
import { merchantOf } from '../../../lambdas/middleware/merchant.ts';
import { plainRequestOf } from '../../../lambdas/middleware/plain-http.ts';
import { gatewayEvent } from '../../support/gateway-event.ts';

describe('a header', () => {
  const event = gatewayEvent({
    headers: { A: 'last' },
    multiValueHeaders: { A: ['1'], b: ['2', '3'], a: ['4'] },
  });

  test('has every value that came under its name, in whatever letters', () => {
    expect(headerValuesOf(event, 'a')).toEqual(['1', '4']);
    expect(headerValuesOf(event, 'b')).toEqual(['2', '3']);
    expect(headerValuesOf(event, 'c')).toEqual([]);
    expect(headerValuesOf({ multiValueHeaders: null }, 'a')).toEqual([]);
  });

  test.each(['a', 'b'])('that is sent twice is refused by its name: %s', (name) => {
    expect(() => headerOf(event, name)).toThrow(`The header ${name} is sent 2 times; send it once.`);
  });

  test('that is missing has no value', () => expect(headerOf(event, 'c')).toBeUndefined());
});

describe('the merchant of a request', () => {
  const [key, other] = [generateApiKey('test'), generateApiKey('test')];
  const authorizer = { merchant_id: 'mer_1', api_key_id: key.apiKeyId };
  const merchant = (authorizations: string[], context: object | undefined = authorizer) =>
    merchantOf(
      gatewayEvent({
        multiValueHeaders: { Authorization: authorizations },
        requestContext: { authorizer: context } as never,
      }),
    );

  test('is the one of the authorizer’s answer for the key that is presented', () => {
    expect(merchant([`Bearer ${key.text}`])).toBe('mer_1');
    expect(merchant([`bearer   ${key.text}`])).toBe('mer_1');
  });

  test.each([
    ['of another key', [`Bearer ${other.text}`]],
    ['of no key', []],
    ['of nonsense', ['Bearer nonsense']],
  ])('is refused if the gateway cached the answer %s', (_what, authorizations) => {
    expect(() => merchant(authorizations)).toThrow('the authorizer’s answer is for the key of this request');
  });

  test('is refused if two keys are presented, though one is the authorizer’s', () => {
    const both = [`Bearer ${key.text}`, `Bearer ${other.text}`];
    expect(() => merchant(both)).toThrow('authorization is sent 2 times');
    expect(() => merchant(both.toReversed())).toThrow('authorization is sent 2 times');
  });

  test('is refused without an authorizer', () => {
    expect(() => merchant([`Bearer ${key.text}`], {})).toThrow('merchant_id');
  });
});

test('the authorizer refuses two keys without a database statement', async () => {
  const asked: string[] = [];
  const database: Database = {
    execute: async (sql) => {
      asked.push(sql);
      return [];
    },
  } as Partial<Database> as Database;
  const [key, other] = [generateApiKey('test'), generateApiKey('test')];

  const answer = await authorizeMerchant([`Bearer ${key.text}`, `Bearer ${other.text}`], 'test', database);

  expect([answer, asked]).toEqual([undefined, []]);
});

test('the simulated PSPs reject a header that is sent twice', () => {
  const event = gatewayEvent({
    multiValueHeaders: { Authorization: ['Bearer a'], authorization: ['Bearer b'], 'Idempotency-Key': ['k'] },
  });

  expect(plainRequestOf(event)).toMatchObject({ authorization: undefined, idempotencyKey: 'k' });
});
