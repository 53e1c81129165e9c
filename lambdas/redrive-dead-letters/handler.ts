import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { BOUNDED_CLIENT } from '../../adapters/bounded-client.ts';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { createConsumedMessages } from '../../adapters/dynamodb/consumed-messages.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { createDeadLetterQueue } from '../../adapters/sqs/dead-letter-queue.ts';
import { systemTime } from '../../adapters/time.ts';
import {
  type RedriveEffects,
  type RedriveReport,
  redriveDeadLetters,
} from '../../operations/redrive-dead-letters.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { meter, publishMetrics } from '../middleware/metrics.ts';

const environment = readEnvironment({
  ...variables.database,
  ...variables.queue,
  ...variables.deadLetterQueue,
  ...variables.consumedTable,
});

const effects: RedriveEffects = {
  database: connectDatabase(environment, { meter }),
  consumed: createConsumedMessages(
    new DynamoDBClient(BOUNDED_CLIENT),
    environment.CONSUMED_TABLE_NAME,
    systemTime.now,
  ),
  queue: createDeadLetterQueue({
    client: new SQSClient(BOUNDED_CLIENT),
    url: environment.DEAD_LETTER_QUEUE_URL,
    mainUrl: environment.QUEUE_URL,
  }),
  time: systemTime,
  progress: () => {},
  redriven: (deadLetterId, correlationId) => {
    meter.put('DeadLettersRedriven', 1);
    logger.info('dead letter sent back', { dead_letter_id: deadLetterId, correlation_id: correlationId });
  },
};

/** Gentle: what died once must not crowd out new payments. */
const MESSAGES_PER_SECOND = 20;
/** What one batch and the giving back may take at the end. */
const RESERVE_MS = 15_000;

/** Invoked by the alarm and by a schedule, since an alarm acts on transitions only; both mean the same: look. */
async function redrive(_event: unknown, context: Context): Promise<RedriveReport> {
  const report = await redriveDeadLetters(effects, {
    actor: 'redrive',
    origin: 'pipeline',
    reason: 'the dead-letter queue holds messages',
    messagesPerSecond: MESSAGES_PER_SECOND,
    filter: {},
    skipsRest: false,
    dryRun: false,
    hasTime: () => context.getRemainingTimeInMillis() > RESERVE_MS,
  });
  if (report.kind !== 'empty') logger.info('dead letters looked at', { ...report });
  return report;
}

export const handler = middy<unknown, RedriveReport>()
  .use(publishMetrics())
  .use(logInvocation())
  .handler(redrive);
