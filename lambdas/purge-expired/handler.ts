import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { alwaysActive, createActivity } from '../../adapters/dynamodb/activity.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { systemTime } from '../../adapters/time.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { type PurgeReport, purgeExpired } from './purge.ts';

const environment = readEnvironment({
  ...variables.database,
  ...variables.retention,
  ...variables.activityTable,
});
const database = connectDatabase(environment);
const activity =
  environment.ACTIVITY_TABLE_NAME === undefined
    ? alwaysActive
    : createActivity(new DynamoDBClient({}), environment.ACTIVITY_TABLE_NAME, systemTime.now);

/** One statement and its replay, and the note of the run. */
const RESERVE_MS = 20_000;

async function purge(_event: unknown, context: Context): Promise<PurgeReport> {
  const report = await purgeExpired({
    database,
    activity,
    days: environment.RETENTION_DAYS,
    hasTime: () => context.getRemainingTimeInMillis() > RESERVE_MS,
  });
  if (report.kind === 'purged')
    logger.info('expired data purged', { ...report.purged, unfinished: report.isUnfinished });
  return report;
}

export const handler = middy<unknown, PurgeReport>().use(logInvocation()).handler(purge);
