import type { APIGatewayProxyEvent } from 'aws-lambda';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { type HttpAnswer, httpFunction } from '../middleware/http.ts';
import { merchantOf } from '../middleware/merchant.ts';
import { meter, publishMetrics } from '../middleware/metrics.ts';
import { noQuerySchema, readPathParameter, readQuery } from '../middleware/parameters.ts';
import { problemOfPathId } from '../middleware/text.ts';
import { showTrialBalance, showWallet } from './read.ts';

const environment = readEnvironment(variables.database);

const database = connectDatabase(environment, { meter });

async function read(event: APIGatewayProxyEvent): Promise<HttpAnswer> {
  const merchantId = merchantOf(event);
  readQuery(noQuerySchema, event);
  const body =
    event.resource === '/wallets/{seller_id}'
      ? await showWallet(database, merchantId, readPathParameter(event, 'seller_id', problemOfPathId))
      : await showTrialBalance(database, merchantId);
  return { status: 200, body: JSON.stringify(body) };
}

export const handler = httpFunction(read, publishMetrics());
