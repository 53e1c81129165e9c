import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { generateApiKey } from '../../../../adapters/api-key.ts';
import { Random } from '../../../simulation/random.ts';
import { route, TinyApi } from '../../../support/gateway.ts';
import { ROOT } from '../../../support/runtime.ts';

const MERCHANTS = ['mer_one', 'mer_two'] as const;
const KEYS = MERCHANTS.map((merchantId) => ({ merchantId, ...generateApiKey('test') }));
/** Of a request's Authorization header: the values that an authorizer may be sent. */
const VALUES = [...KEYS.map(({ text }) => `Bearer ${text}`), 'nonsense'];
const REQUESTS = 60;

let close = async () => {};
afterEach(() => close());

const urlOf = (path: string) => pathToFileURL(`${ROOT}/${path}`).href;

/** Expressions over the events of authorizer and function. */
interface Identification {
  /** The values of the header that the authorizer decides about. */
  readonly decided: string;
  /** The merchant that the function acts as. */
  readonly believed: string;
}

/** As the pipeline's are. */
const AS_IT_IS: Identification = {
  decided: `headerValuesOf(event, 'authorization')`,
  believed: 'merchantOf(event)',
};
const PLANTED: Identification = {
  decided: '[event.headers.Authorization]',
  believed: 'event.requestContext.authorizer.principalId',
};

/** It tells whom it acts as. */
function functionOf({ believed }: Identification): string {
  return `
    import { merchantOf } from '${urlOf('lambdas/middleware/merchant.ts')}';
    export const handler = async (event) => ({ statusCode: 200, body: ${believed} });`;
}

function authorizerOf({ decided }: Identification): string {
  const rows = Object.fromEntries(
    KEYS.map(({ apiKeyId, merchantId, secretHash }) => [
      apiKeyId,
      { merchant_id: merchantId, secret_hash: secretHash },
    ]),
  );
  return `
    import { authorizeMerchant } from '${urlOf('lambdas/authorize-merchant/authorize.ts')}';
    import { headerValuesOf } from '${urlOf('lambdas/middleware/headers.ts')}';
    const rows = ${JSON.stringify(rows)};
    const database = { execute: async (_sql, { api_key_id }) => [rows[api_key_id]].filter(Boolean) };
    export const handler = async (event) => {
      const merchant = await authorizeMerchant(${decided}, 'test', database);
      if (merchant === undefined) throw new Error('Unauthorized');
      const Statement = [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: '*' }];
      const context = { merchant_id: merchant.merchantId, api_key_id: merchant.apiKeyId };
      return { principalId: merchant.merchantId, policyDocument: { Version: '2012-10-17', Statement }, context };
    };`;
}

async function start(identification: Identification): Promise<TinyApi> {
  const guard = {
    id: 'guard',
    functionName: 'guard',
    functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:guard',
    identityHeaders: ['authorization'],
    cacheSeconds: 60,
  };
  const api = await TinyApi.start(
    { tiny: functionOf(identification), guard: authorizerOf(identification) },
    { routes: [route('GET', '/', { authorizerId: 'guard' })], authorizers: new Map([['guard', guard]]) },
  );
  close = () => api.close();
  return api;
}

/**
 * Sends requests with no, one and two values, in an order of chance.
 *
 * @returns how many were served, and those that acted as who they are not
 */
async function trial(identification: Identification) {
  const api = await start(identification);
  const random = new Random(1);
  const impostors: string[] = [];
  let served = 0;
  for (let request = 0; request < REQUESTS; request += 1) {
    const sent = Array.from({ length: random.below(3) }, () => random.pick(VALUES));
    const { status, text } = await api.call('GET', '/v1/', { Authorization: sent });
    const [only, ...more] = sent;
    const merchant =
      more.length === 0 ? KEYS.find(({ text: key }) => only === `Bearer ${key}`)?.merchantId : undefined;
    if (status !== 200) continue;
    served += 1;
    if (text !== merchant) impostors.push(`${JSON.stringify(sent)} acted as ${text}, not as ${merchant}`);
  }
  return { served, impostors };
}

test('a caller acts only as the merchant of the one key that it sends, whatever was sent before', async () => {
  const { served, impostors } = await trial(AS_IT_IS);
  expect(impostors).toEqual([]);
  expect(served).toBeGreaterThan(5);
});

test('the planted bug “an authorizer’s cache keyed by an unchecked value” is caught', async () => {
  expect((await trial(PLANTED)).impostors).not.toEqual([]);
});
