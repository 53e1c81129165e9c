import type { APIGatewayProxyEvent } from 'aws-lambda';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { type HttpAnswer, httpFunction } from '../middleware/http.ts';
import { merchantOf } from '../middleware/merchant.ts';
import { meter, publishMetrics } from '../middleware/metrics.ts';
import { noQuerySchema, readPathParameter, readQuery } from '../middleware/parameters.ts';
import { Problem } from '../middleware/problem.ts';
import { problemOfPathId } from '../middleware/text.ts';
import { pageOfPayments, showPayment } from './read.ts';
import { listQuerySchema } from './schema.ts';

const environment = readEnvironment(variables.database);

const database = connectDatabase(environment, { meter });

async function read(event: APIGatewayProxyEvent): Promise<HttpAnswer> {
  const merchantId = merchantOf(event);
  return event.pathParameters?.payment_id === undefined ? list(event, merchantId) : show(event, merchantId);
}

async function show(event: APIGatewayProxyEvent, merchantId: string): Promise<HttpAnswer> {
  readQuery(noQuerySchema, event);
  const paymentId = readPathParameter(event, 'payment_id', problemOfPathId);
  const payment = await showPayment(database, merchantId, paymentId);
  if (payment === undefined)
    throw new Problem('not_found', `There is no payment ${JSON.stringify(paymentId)}.`);
  return { status: 200, body: JSON.stringify(payment) };
}

async function list(event: APIGatewayProxyEvent, merchantId: string): Promise<HttpAnswer> {
  const page = await pageOfPayments(database, merchantId, readQuery(listQuerySchema, event));
  return { status: 200, body: JSON.stringify(page) };
}

export const handler = httpFunction(read, publishMetrics());
