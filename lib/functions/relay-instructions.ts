import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { acknowledge, OF_SCHEDULES } from '../acknowledgements.ts';
import { PipelineFunction } from '../constructs/pipeline-function.ts';
import { runStatements, sendMessages, useTable } from '../grants.ts';
import { activityEnvironment, databaseEnvironment } from './environment.ts';
import type { FunctionContext } from './function-context.ts';

/** The transactional outbox's sender. */
export class RelayInstructions extends PipelineFunction {
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
    const rule = new Rule(this, 'EveryMinute', {
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(this)],
    });
    acknowledge(rule, OF_SCHEDULES);
  }
}
