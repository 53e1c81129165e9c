import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { BOUNDED_CLIENT } from '../../adapters/bounded-client.ts';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { matchEarlyEvents } from '../../adapters/database/statements/match-events.ts';
import { alwaysActive, createActivity } from '../../adapters/dynamodb/activity.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { createInstructionSender } from '../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../adapters/time.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { meter, publishMetrics } from '../middleware/metrics.ts';
import { type RelayEffects, type RelayReport, relayInstructions } from './relay.ts';

const environment = readEnvironment({
  ...variables.database,
  ...variables.queue,
  ...variables.activityTable,
});

const database = connectDatabase(environment, { meter });

/** Those of one run: a PSP whose events are all early has some other fault. */
const EVENTS_LIMIT = 1_000;

const effects: Omit<RelayEffects, 'remainingMilliseconds'> = {
  database,
  queue: createInstructionSender(new SQSClient(BOUNDED_CLIENT), environment.QUEUE_URL),
  activity:
    environment.ACTIVITY_TABLE_NAME === undefined
      ? alwaysActive
      : createActivity(new DynamoDBClient(BOUNDED_CLIENT), environment.ACTIVITY_TABLE_NAME, systemTime.now),
  time: systemTime,
  matchEvents: async () => {
    const { matched, unknown, woken } = await matchEarlyEvents(database, EVENTS_LIMIT);
    if (matched > 0) meter.put('EventsMatchedLate', matched);
    if (unknown > 0) meter.put('EventsUnknown', unknown);
    return woken;
  },
  sentAgain: (instruction) =>
    logger.info('instruction sent again', {
      payment_id: instruction.payment_id,
      group_id: instruction.group_id,
      instruction_id: instruction.instruction_id,
      correlation_id: instruction.correlation_id,
      send_no: instruction.send_no,
    }),
};

async function relay(_event: unknown, context: Context): Promise<RelayReport> {
  const remainingMilliseconds = () => context.getRemainingTimeInMillis();
  const report = await relayInstructions({ ...effects, remainingMilliseconds });
  meter.put('RelayRuns', 1);
  if (report.sent > 0) meter.put('InstructionsRelayed', report.sent);
  if (report.refused > 0) meter.put('RelaysRefused', report.refused);
  if (report.sent + report.refused > 0) logger.info('instructions relayed', { ...report });
  return report;
}

export const handler = middy<unknown, RelayReport>()
  .use(publishMetrics())
  .use(logInvocation())
  .handler(relay);
