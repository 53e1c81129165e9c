import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import { createDataApiDatabase, createRdsDataClient } from '../../adapters/database/data-api-database.ts';
import { withReplay } from '../../adapters/database/replay.ts';
import { alwaysActive, createActivity } from '../../adapters/dynamodb/activity.ts';
import { readEnvironment } from '../../adapters/environment.ts';
import { createInstructionSender } from '../../adapters/sqs/instruction-queue.ts';
import { systemTime } from '../../adapters/time.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { type RelayEffects, type RelayReport, relayInstructions } from './relay.ts';

const environment = readEnvironment(
  'DATABASE_CLUSTER_ARN',
  'DATABASE_SECRET_ARN',
  'DATABASE_NAME',
  'QUEUE_URL',
  'ACTIVITY_TABLE_NAME',
);

const effects: RelayEffects = {
  database: withReplay(
    createDataApiDatabase({
      client: createRdsDataClient(),
      clusterArn: environment.DATABASE_CLUSTER_ARN,
      secretArn: environment.DATABASE_SECRET_ARN,
      databaseName: environment.DATABASE_NAME,
    }),
  ),
  queue: createInstructionSender(new SQSClient({}), environment.QUEUE_URL),
  activity:
    environment.ACTIVITY_TABLE_NAME === undefined
      ? alwaysActive
      : createActivity(new DynamoDBClient({}), environment.ACTIVITY_TABLE_NAME, systemTime.now),
  now: systemTime.now,
};

async function relay(): Promise<RelayReport> {
  const report = await relayInstructions(effects);
  if (report.sent + report.refused > 0) logger.info('instructions relayed', { ...report });
  return report;
}

export const handler = middy<unknown, RelayReport>().use(logInvocation()).handler(relay);
