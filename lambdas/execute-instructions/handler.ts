import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { BOUNDED_CLIENT } from '../../adapters/bounded-client.ts';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { createConsumedMessages } from '../../adapters/dynamodb/consumed-messages.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { systemIds } from '../../adapters/ids.ts';
import { createPsps, readAccounts } from '../../adapters/psp/psps.ts';
import { createDeadLetterSender } from '../../adapters/sqs/dead-letter-sender.ts';
import { createVisibilityChanger } from '../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../adapters/time.ts';
import { formatAmount } from '../../domain/money/currency.ts';
import { assertTiming, TIMING } from '../../domain/payment/timing.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { meter, publishMetrics } from '../middleware/metrics.ts';
import type { ExecutorEffects } from './effects.ts';
import { executeBatch } from './execute-batch.ts';

const environment = readEnvironment({
  ...variables.database,
  ...variables.queue,
  ...variables.deadLetterQueue,
  ...variables.consumedTable,
  ...variables.pspAccounts,
});
const sqs = new SQSClient(BOUNDED_CLIENT);
const psps = createPsps({
  accounts: readAccounts(environment.PSP_ACCOUNTS, systemTime.now),
  time: systemTime,
  deadlineMs: TIMING.requestDeadlineSeconds * 1_000,
  warn: (message, detail) => logger.warn(message, detail),
});
// Fail at start rather than run with a lease that ends before a PSP's charge is visible.
assertTiming(TIMING, psps.abilities);

const effects: Omit<ExecutorEffects, 'psps'> = {
  database: connectDatabase(environment, { meter }),
  consumed: createConsumedMessages(
    new DynamoDBClient(BOUNDED_CLIENT),
    environment.CONSUMED_TABLE_NAME,
    systemTime.now,
  ),
  visibility: createVisibilityChanger(sqs, environment.QUEUE_URL),
  deadLetters: createDeadLetterSender(sqs, environment.DEAD_LETTER_QUEUE_URL),
  time: systemTime,
  ids: systemIds,
  restoreEpoch: environment.RESTORE_EPOCH,
  log: {
    orderChanged: (change) =>
      logger.info('payment order changed', {
        merchant_id: change.merchantId,
        payment_id: change.paymentId,
        payment_order_id: change.paymentOrderId,
        correlation_id: change.correlationId,
        from: change.from,
        to: change.to,
        status_detail: change.statusDetail,
        reason: change.reason,
        amount: formatAmount(change.amountMinor, change.currency),
      }),
    warn: (message, detail) => logger.warn(message, detail),
  },
  meter,
};

async function execute(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const held = await psps.hold();
  const failed = await executeBatch(
    event.Records,
    { ...effects, psps: held },
    {
      claimToken: effects.ids.next('clm'),
      remainingMilliseconds: () => context.getRemainingTimeInMillis(),
    },
  );
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(publishMetrics())
  .use(logInvocation())
  .handler(execute);
