import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { BOUNDED_CLIENT } from '../../adapters/bounded-client.ts';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { alwaysActive, createActivity } from '../../adapters/dynamodb/activity.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { systemIds } from '../../adapters/ids.ts';
import { createPsps, readAccounts } from '../../adapters/psp/psps.ts';
import { createInstructionSender } from '../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../adapters/time.ts';
import { TIMING } from '../../domain/payment/timing.ts';
import { type HttpAnswer, httpFunction } from '../middleware/http.ts';
import { logger } from '../middleware/logger.ts';
import { meter, publishMetrics } from '../middleware/metrics.ts';
import { rawEventOf } from './raw-event.ts';
import { type ReceiveEffects, receive } from './receive.ts';
import { type ReturnEffects, returnFromPsp } from './return.ts';

const environment = readEnvironment({
  ...variables.takesRealMoney,
  ...variables.database,
  ...variables.queue,
  ...variables.activityTable,
  ...variables.pspAccounts,
});

/** The PSP and the buyer wait, so only one retry; the relay sends it later. */
const sqs = new SQSClient(BOUNDED_CLIENT);

const effects: ReceiveEffects & ReturnEffects = {
  takesRealMoney: environment.TAKES_REAL_MONEY,
  database: connectDatabase(environment, { meter }),
  queue: createInstructionSender(sqs, environment.QUEUE_URL),
  activity:
    environment.ACTIVITY_TABLE_NAME === undefined
      ? alwaysActive
      : createActivity(new DynamoDBClient(BOUNDED_CLIENT), environment.ACTIVITY_TABLE_NAME, systemTime.now),
  psps: createPsps({
    accounts: readAccounts(environment.PSP_ACCOUNTS, systemTime.now),
    time: systemTime,
    deadlineMs: TIMING.requestDeadlineSeconds * 1_000,
    warn: (message, detail) => logger.warn(message, detail),
  }).events,
  ids: systemIds,
  meter,
  sendFailed: (detail) => {
    meter.put('SendsFailed', 1);
    logger.warn('the send after the commit failed; the relay sends it', { ...detail });
  },
};

async function serve(event: APIGatewayProxyEvent): Promise<HttpAnswer> {
  const { psp_account: account, payment_order_id: orderId } = event.pathParameters ?? {};
  return account === undefined ? returnFromPsp(orderId ?? '', effects) : receiveFrom(account, event);
}

async function receiveFrom(account: string, event: APIGatewayProxyEvent): Promise<HttpAnswer> {
  const { state, woken } = await receive(account, rawEventOf(event, systemTime.now()), effects);
  logger.info('event received', { psp_account: account, state, woken: woken.length });
  return { status: 200, body: '{"received":true}' };
}

export const handler = httpFunction(serve, publishMetrics());
