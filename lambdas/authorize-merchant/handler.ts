import middy from '@middy/core';
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { apiKeyModeOf } from '../../adapters/api-key.ts';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { headerValuesOf } from '../middleware/headers.ts';
import { logInvocation } from '../middleware/logger.ts';
import { meter, publishMetrics } from '../middleware/metrics.ts';
import { authorizeMerchant } from './authorize.ts';

const environment = readEnvironment({ ...variables.database, ...variables.takesRealMoney });

const database = connectDatabase(environment, { meter });
const mode = apiKeyModeOf(environment.TAKES_REAL_MONEY);

async function authorize(event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> {
  const merchant = await authorizeMerchant(headerValuesOf(event, 'authorization'), mode, database);
  // The gateway turns exactly this message into its 401.
  if (merchant === undefined) throw new Error('Unauthorized');
  return {
    principalId: merchant.merchantId,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: everyRouteOf(event.methodArn) }],
    },
    context: { merchant_id: merchant.merchantId, api_key_id: merchant.apiKeyId },
  };
}

/** The gateway caches this policy by key, whatever the route: it must cover all of them. */
function everyRouteOf(methodArn: string): string {
  const [api, stage] = methodArn.split('/');
  return `${api}/${stage}/*`;
}

export const handler = middy<APIGatewayRequestAuthorizerEvent, APIGatewayAuthorizerResult>()
  .use(publishMetrics())
  .use(logInvocation())
  .handler(authorize);
