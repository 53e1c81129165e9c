import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { BOUNDED_CLIENT } from '../../adapters/bounded-client.ts';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { alwaysActive, createActivity } from '../../adapters/dynamodb/activity.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { systemIds } from '../../adapters/ids.ts';
import { ABILITIES } from '../../adapters/psp/abilities.ts';
import { createInstructionSender } from '../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../adapters/time.ts';
import { formatAmount } from '../../domain/money/currency.ts';
import { type HttpAnswer, httpFunction } from '../middleware/http.ts';
import { idempotencyKeyOf } from '../middleware/idempotency.ts';
import { readJsonBody } from '../middleware/json-body.ts';
import { logger } from '../middleware/logger.ts';
import { merchantOf } from '../middleware/merchant.ts';
import { meter, publishMetrics } from '../middleware/metrics.ts';
import { publicUrlOf } from '../middleware/public-url.ts';
import { validate } from '../middleware/validate.ts';
import { type AcceptEffects, type Accepted, acceptPayment } from './accept.ts';
import { requireTestMethodOnlyInTest } from './live-and-test.ts';
import { paymentRequestSchema } from './schema.ts';

const environment = readEnvironment({
  ...variables.takesRealMoney,
  ...variables.amountCaps,
  ...variables.pspAdapters,
  ...variables.database,
  ...variables.queue,
  ...variables.activityTable,
});

/** The caller waits, so only one retry; the relay sends it later. */
const sqs = new SQSClient(BOUNDED_CLIENT);

const effects: AcceptEffects = {
  database: connectDatabase(environment, { meter }),
  queue: createInstructionSender(sqs, environment.QUEUE_URL),
  activity:
    environment.ACTIVITY_TABLE_NAME === undefined
      ? alwaysActive
      : createActivity(new DynamoDBClient(BOUNDED_CLIENT), environment.ACTIVITY_TABLE_NAME, systemTime.now),
  ids: systemIds,
  amountCaps: environment.AMOUNT_CAPS,
  abilities: new Map(
    Object.entries(environment.PSP_ADAPTERS).map(([account, adapter]) => [account, ABILITIES[adapter]]),
  ),
  now: systemTime.now,
  sendFailed: (paymentId, detail) => {
    meter.put('SendsFailed', 1);
    logger.warn('the send after the commit failed; the relay sends it', { payment_id: paymentId, detail });
  },
};

async function accept(event: APIGatewayProxyEvent): Promise<HttpAnswer> {
  const origin = {
    merchantId: merchantOf(event),
    idempotencyKey: idempotencyKeyOf(event),
    correlationId: event.requestContext.requestId,
    apiUrl: publicUrlOf(event),
  };
  const request = validate(paymentRequestSchema, readJsonBody(event));
  requireTestMethodOnlyInTest(request.payment_method, environment.TAKES_REAL_MONEY);
  const accepted = await acceptPayment(request, origin, effects);
  if (accepted.isReplay) meter.put('RequestsReplayed', 1);
  else tellAccepted(accepted);
  return {
    status: accepted.answer.status,
    headers: {
      Location: accepted.answer.location,
      ...(accepted.isReplay ? { 'Idempotent-Replayed': 'true' } : {}),
    },
    body: accepted.answer.body,
  };
}

function tellAccepted({ payment }: Accepted): void {
  // One payment method, hence one PSP.
  meter.put('PaymentsAccepted', 1, payment.orders[0]?.pspAccount);
  for (const order of payment.orders) {
    meter.put('OrdersAccepted', 1, order.pspAccount);
    logger.info('payment order changed', {
      merchant_id: payment.merchantId,
      payment_id: payment.paymentId,
      payment_order_id: order.paymentOrderId,
      from: null,
      to: 'NOT_STARTED',
      status_detail: 'queued',
      amount: formatAmount(order.amountMinor, order.currency),
    });
  }
}

export const handler = httpFunction(accept, publishMetrics());
