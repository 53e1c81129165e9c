import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ScheduledFunction } from '../constructs/scheduled-function.ts';
import type { FunctionContext } from '../function-context.ts';
import { sendMessages, useTable } from '../grants.ts';
import { activityEnvironment } from './environment.ts';

/** The transactional outbox's sender. */
export class RelayInstructions extends ScheduledFunction {
  constructor(scope: Construct, id: string, context: FunctionContext) {
    const { queue, activityTable } = context.data;
    super(scope, id, {
      ...context,
      folder: 'relay-instructions',
      description: 'Sends instructions again that make no progress, or were parked and are due.',
      period: Duration.minutes(1),
      // The next run begins a minute later.
      timeout: Duration.seconds(60),
      memorySize: 512,
      environment: {
        QUEUE_URL: queue.queueUrl,
        ...activityEnvironment(context),
      },
      grants: [
        ...sendMessages(context.data, queue),
        ...useTable(context.data, activityTable, ['dynamodb:PutItem', 'dynamodb:BatchGetItem']),
      ],
    });
  }
}
