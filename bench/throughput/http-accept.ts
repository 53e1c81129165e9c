import { createServer, type IncomingMessage } from 'node:http';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { generateApiKey } from '../../adapters/api-key.ts';
import type { Database } from '../../adapters/database/database.ts';
import { createApiKey } from '../../adapters/database/statements/api-keys.ts';
import { type PaymentRequest, paymentRequestSchema } from '../../lambdas/accept-payment/schema.ts';
import { authorizeMerchant } from '../../lambdas/authorize-merchant/authorize.ts';
import { idempotencyKeyOf } from '../../lambdas/middleware/idempotency.ts';
import { readJsonBody } from '../../lambdas/middleware/json-body.ts';
import { validate } from '../../lambdas/middleware/validate.ts';
import { listen } from '../../local/http-server.ts';

export interface AcceptedAnswer {
  readonly status: number;
  readonly location: string;
  readonly body: string;
}

export type Accept = (
  request: PaymentRequest,
  merchantId: string,
  idempotencyKey: string,
) => Promise<AcceptedAnswer>;

export interface AcceptServer {
  readonly api: string;
  readonly apiKey: string;
}

/** As long as the gateway's authorizer cache. */
const KEY_CACHE_MS = 60_000;

/**
 * The same front end for every system: HTTP, the check of the API key (cached like at the gateway), parsing and validation of
 * the body, the idempotency key. Each system implements accepting itself.
 */
export async function serveAccept(database: Database, accept: Accept): Promise<AcceptServer> {
  const { text: apiKey, apiKeyId, secretHash } = generateApiKey('test');
  await createApiKey(database, { apiKeyId, secretHash, merchantId: 'mer_bench', merchantName: 'Bench' });
  const merchants = new Map<string, { readonly merchantId: string; readonly until: number }>();
  const merchantOf = async (authorization: string | undefined) => {
    const known = merchants.get(authorization ?? '');
    if (known !== undefined && known.until > Date.now()) return known.merchantId;
    const merchant = await authorizeMerchant([authorization ?? ''], 'test', database);
    if (merchant === undefined) throw new Error('unauthorized');
    merchants.set(authorization ?? '', { merchantId: merchant.merchantId, until: Date.now() + KEY_CACHE_MS });
    return merchant.merchantId;
  };
  const server = createServer(async (request, response) => {
    try {
      const merchantId = await merchantOf(request.headers.authorization);
      const event = await eventOf(request);
      const body = validate(paymentRequestSchema, readJsonBody(event));
      const answer = await accept(body, merchantId, idempotencyKeyOf(event));
      response.writeHead(answer.status, { 'content-type': 'application/json', location: answer.location });
      response.end(answer.body);
    } catch (error) {
      response.writeHead(500);
      response.end(String(error));
    }
  });
  const { url } = await listen(server, 0);
  return { api: `${url}/v1`, apiKey };
}

async function eventOf(request: IncomingMessage): Promise<APIGatewayProxyEvent> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  const multiValueHeaders = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value]]),
  );
  return {
    headers,
    multiValueHeaders,
    body: Buffer.concat(chunks).toString('utf8'),
    isBase64Encoded: false,
    httpMethod: request.method ?? '',
    path: request.url ?? '',
    resource: '/payments',
    pathParameters: null,
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    stageVariables: null,
    requestContext: {
      accountId: '',
      apiId: '',
      authorizer: null,
      protocol: '',
      httpMethod: '',
      identity: NO_IDENTITY,
      path: '',
      stage: '',
      requestId: '',
      requestTimeEpoch: 0,
      resourceId: '',
      resourcePath: '',
    },
  };
}

const NO_IDENTITY: APIGatewayProxyEvent['requestContext']['identity'] = {
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  sourceIp: '127.0.0.1',
  user: null,
  userAgent: null,
  userArn: null,
};
