import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { alwaysActive, createActivity } from '../../adapters/dynamodb/activity.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { createInstructionSender } from '../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../adapters/time.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { type RelayEffects, type RelayReport, relayInstructions } from './relay.ts';

const environment = readEnvironment({
  ...variables.database,
  ...variables.queue,
  ...variables.activityTable,
});

const effects: RelayEffects = {
  database: connectDatabase(environment),
  queue: createInstructionSender(new SQSClient({}), environment.QUEUE_URL),
  activity:
    environment.ACTIVITY_TABLE_NAME === undefined
      ? alwaysActive
      : createActivity(new DynamoDBClient({}), environment.ACTIVITY_TABLE_NAME, systemTime.now),
  time: systemTime,
};

async function relay(): Promise<RelayReport> {
  const report = await relayInstructions(effects);
  if (report.sent + report.refused > 0) logger.info('instructions relayed', { ...report });
  return report;
}

export const handler = middy<unknown, RelayReport>().use(logInvocation()).handler(relay);
