import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import middy from '@middy/core';
import { BOUNDED_CLIENT } from '../../adapters/bounded-client.ts';
import { connectDatabase } from '../../adapters/database/connect.ts';
import { alwaysActive, createActivity } from '../../adapters/dynamodb/activity.ts';
import { readEnvironment, variables } from '../../adapters/environment.ts';
import { systemTime } from '../../adapters/time.ts';
import { logger, logInvocation } from '../middleware/logger.ts';
import { meter, publishMetrics } from '../middleware/metrics.ts';
import { type MeasureEffects, measurePipeline } from './measure.ts';

const environment = readEnvironment({ ...variables.database, ...variables.activityTable });

const effects: MeasureEffects = {
  database: connectDatabase(environment, { meter }),
  activity:
    environment.ACTIVITY_TABLE_NAME === undefined
      ? alwaysActive
      : createActivity(new DynamoDBClient(BOUNDED_CLIENT), environment.ACTIVITY_TABLE_NAME, systemTime.now),
  meter,
  outOfBalance: (currency, differenceMinor) =>
    logger.error('debits and credits differ', { currency, difference_minor: String(differenceMinor) }),
};

export const handler = middy<unknown, { readonly wasIdle: boolean }>()
  .use(publishMetrics())
  .use(logInvocation())
  .handler(() => measurePipeline(effects));
