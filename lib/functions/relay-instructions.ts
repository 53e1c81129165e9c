import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ServingFunction } from '../constructs/serving-function.ts';
import type { FunctionContext } from '../function-context.ts';
import { runStatements, sendMessages, useTable } from '../grants.ts';
import { activityEnvironment, databaseEnvironment } from './environment.ts';
import { runEvery } from './run-every.ts';

/** The transactional outbox's sender. */
export class RelayInstructions extends ServingFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    const { queue, activityTable } = context.data;
    super(scope, id, {
      ...context,
      folder: 'relay-instructions',
      description: 'Sends again what shows no sign of life, and what was parked and is due.',
      // Its next run begins a minute later.
      timeout: Duration.seconds(60),
      memorySize: 512,
      environment: {
        ...databaseEnvironment(context, 'execute'),
        QUEUE_URL: queue.queueUrl,
        ...activityEnvironment(context),
      },
      grants: [
        ...runStatements(context.data, 'execute'),
        ...sendMessages(context.data, queue),
        ...useTable(context.data, activityTable, ['dynamodb:PutItem', 'dynamodb:BatchGetItem']),
      ],
    });
    runEvery(this, 'EveryMinute', Duration.minutes(1));
  }
}
