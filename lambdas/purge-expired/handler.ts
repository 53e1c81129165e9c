import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { BOUNDED_CLIENT } from '../../adapters/bounded-client.ts';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { PURGES, type Purge } from '../../adapters/database/statements/purge-expired.ts';
import { alwaysActive, createActivity } from '../../adapters/dynamodb/activity.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { systemTime } from '../../adapters/time.ts';
import type { MetricName } from '../../domain/observability/metrics.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { meter, publishMetrics } from '../middleware/metrics.ts';
import { type PurgeReport, purgeExpired } from './purge.ts';

const environment = readEnvironment({
  ...variables.database,
  ...variables.retention,
  ...variables.activityTable,
});
const database = connectDatabase(environment, { meter });
const activity =
  environment.ACTIVITY_TABLE_NAME === undefined
    ? alwaysActive
    : createActivity(new DynamoDBClient(BOUNDED_CLIENT), environment.ACTIVITY_TABLE_NAME, systemTime.now);

const METRIC_OF = {
  idempotency_keys: 'IdempotencyKeysPurged',
  buyer_data: 'BuyersPseudonymised',
  evidence: 'EvidencePurged',
  events: 'EventsPurged',
  poison: 'PoisonPurged',
  operation_log: 'OperationsPurged',
} as const satisfies Readonly<Record<Purge, MetricName>>;

/** One statement and its retry, and the record of the run. */
const RESERVE_MS = 20_000;

async function purge(_event: unknown, context: Context): Promise<PurgeReport> {
  const report = await purgeExpired({
    database,
    activity,
    days: environment.RETENTION_DAYS,
    hasTime: () => context.getRemainingTimeInMillis() > RESERVE_MS,
  });
  meter.put('PurgeRuns', 1);
  if (report.kind === 'idle') return report;
  for (const kind of PURGES) meter.put(METRIC_OF[kind], report.purged[kind]);
  logger.info('expired data purged', { ...report.purged, unfinished: report.isUnfinished });
  return report;
}

export const handler = middy<unknown, PurgeReport>()
  .use(publishMetrics())
  .use(logInvocation())
  .handler(purge);
